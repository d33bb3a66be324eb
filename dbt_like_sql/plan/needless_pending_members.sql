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
)

select
    pending.rowid as change_id,
    pending.section_id,
    pending.role,
    pending.clever_id
from changes.pending_members as pending
where pending.op = 'insert'
    and exists (
        select 1
        from current_members as member
        anti join leaving_members as leaving using (role, section_id, account_id)
        where member.role = pending.role
            and member.section_id = pending.section_id
            and member.clever_id = pending.clever_id
    )
