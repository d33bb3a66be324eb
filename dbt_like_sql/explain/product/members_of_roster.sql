-- Everyone who is or was enrolled in a roster, and the pending members, teachers first. `account_id` is NULL for a
-- pending member, `clever_id` for an account whose link has ended.
with members as (
    select 'teacher' as role, account_id, ended_at from roster.roster_teachers where roster_id = :roster_id
    union all
    select 'student', account_id, ended_at from roster.roster_students where roster_id = :roster_id
)

select members.role, link.clever_id, members.account_id, members.ended_at
from members
left join roster.identity_links as link
    on link.account_id = members.account_id and link.organization_id = :organization_id and link.unlinked_at is null
union all
select role, clever_id, null, null from roster.pending_members where roster_id = :roster_id
order by role desc, clever_id, account_id
