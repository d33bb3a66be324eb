-- The classes of one organization that a person is or was enrolled in, or is pending in. `section_id` is NULL for a
-- class that a teacher made.
with enrollments as (
    select roster_id, 'teacher' as role, ended_at, false as is_pending
    from roster.roster_teachers where account_id = :account_id
    union all
    select roster_id, 'student', ended_at, false from roster.roster_students where account_id = :account_id
    union all
    select roster_id, role, null, true from roster.pending_members where clever_id = :clever_id
)

select
    roster.id as roster_id,
    roster.clever_id as section_id,
    roster.name,
    enrollments.role,
    enrollments.is_pending,
    roster.hidden_at,
    roster.archived_at,
    enrollments.ended_at
from enrollments
inner join roster.rosters as roster on roster.id = enrollments.roster_id
where roster.organization_id = :organization_id
order by roster.name, roster.id, enrollments.role
