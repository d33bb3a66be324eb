-- Changes that would make a teacher or a school the primary one while the removal of the present primary one is held. They
-- are published without the flag, so that there are never two.
select 'roster_teachers' as entity, rowid as change_id, account_id
from changes.roster_teachers
where op <> 'end' and is_primary
    and section_id in (select section_id from changes.roster_teachers where op = 'end' and held and was_is_primary)
union all
select 'school_memberships' as entity, rowid as change_id, account_id
from changes.school_memberships
where op <> 'end' and is_primary
    and account_id in (select account_id from changes.school_memberships where op = 'end' and held and was_is_primary)
