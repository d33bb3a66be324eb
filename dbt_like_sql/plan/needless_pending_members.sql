-- New pending members who are still in the class, because their removal is held or because none was planned. Nobody is
-- pending in a class of which they are a member.
with current_members as (
    select 'teacher' as role, section_id, account_id, clever_id from current.roster_teachers where not is_ended
    union all
    select 'student' as role, section_id, account_id, clever_id from current.roster_students where not is_ended
),

leaving_members as (
    select 'teacher' as role, section_id, account_id from changes.roster_teachers where op = 'end' and not held
    union all
    select 'student' as role, section_id, account_id from changes.roster_students where op = 'end' and not held
),

staying_members as (
    from current_members anti join leaving_members using (role, section_id, account_id)
)

select
    rowid as change_id,
    section_id,
    role,
    clever_id
from changes.pending_members
semi join staying_members using (section_id, role, clever_id)
where op = 'insert'
