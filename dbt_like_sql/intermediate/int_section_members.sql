-- Members that a section lists, one row for each role. A member is pending if the users feed does not hold the person.
-- A new member is also pending while a review asks whether the Clever id now belongs to another person. `finding` marks a
-- student among the teachers, who does not teach (docs/rules.md R4.13), and a teacher among the students, who is not
-- enrolled (docs/rules.md R4.14).
with named as (
    select
        section_id,
        'teacher' as role,
        unnest(teacher_ids) as clever_id,
        primary_teacher_id
    from staging.stg_sections
    union all
    select
        section_id,
        'student' as role,
        unnest(student_ids) as clever_id,
        null as primary_teacher_id
    from staging.stg_sections
),

placed as (
    select
        named.section_id,
        named.role,
        named.clever_id,
        named.clever_id is not distinct from named.primary_teacher_id as is_primary,
        identity.account_id,
        identity.role as own_role,
        identity.clever_id is null
        or (
            identity.is_recycled
            and case named.role
                when 'teacher' then teaching.account_id is null
                else learning.account_id is null
            end
        ) as is_pending
    from named
    left join intermediate.int_identities as identity on identity.clever_id = named.clever_id
    left join current.roster_teachers as teaching
        on teaching.section_id = named.section_id
        and teaching.account_id = identity.account_id
        and not teaching.is_ended
    left join current.roster_students as learning
        on learning.section_id = named.section_id
        and learning.account_id = identity.account_id
        and not learning.is_ended
)

select
    * exclude (own_role),
    case
        when is_pending then null
        when role = 'teacher' and own_role = 'student' then 'teacher_is_student'
        when role = 'student' and own_role = 'teacher' then 'student_is_teacher'
    end as finding
from placed
