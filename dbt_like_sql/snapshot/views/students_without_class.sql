-- Students who are in no class, with their main school.
-- DuckDB.
select
    person.district_id,
    person.person_id,
    membership.school_id,
    school.name as school_name
from people as person
left join school_memberships as membership
    on membership.district_id = person.district_id
    and membership.person_id = person.person_id
    and membership.is_primary
left join schools as school
    on school.district_id = person.district_id
    and school.school_id = membership.school_id
where
    person.role = 'student'
    and not exists (
        select 1 from enrollments as enrollment
        where
            enrollment.district_id = person.district_id
            and enrollment.person_id = person.person_id
            and enrollment.role = 'student'
    )
