-- The teachers and students of the classes from Clever as rows of enrollments.csv.
-- PostgreSQL.
with members as (
    select roster_id, account_id, 'student' as role, false as is_primary from roster.roster_students where ended_at is null
    union all
    select roster_id, account_id, 'teacher' as role, is_primary from roster.roster_teachers where ended_at is null
)

select
    concat_ws('-', class.clever_id, link.clever_id, place.role) as "sourcedId",
    class.clever_id as "classSourcedId",
    coalesce(school.clever_id, :district_id) as "schoolSourcedId",
    link.clever_id as "userSourcedId",
    place.role,
    place.is_primary::text as "primary"
from members as place
inner join roster.rosters as class on class.id = place.roster_id
inner join roster.identity_links as link
    on link.account_id = place.account_id
    and link.organization_id = class.organization_id
    and link.unlinked_at is null
inner join roster.org_memberships as member
    on member.account_id = link.account_id and member.organization_id = link.organization_id and member.ended_at is null
left join roster.schools as school on school.id = class.school_id
where class.organization_id = :organization_id and class.source = 'clever' and class.archived_at is null
order by "sourcedId"
