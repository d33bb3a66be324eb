-- Enrollments that a sync wrote, those of rosters that were archived, restored or moved, those of accounts whose link
-- changed, and all of districts that are read as a whole.
-- PostgreSQL.
with members as not materialized (
    select roster_id, account_id, 'teacher' as role from roster.roster_teachers
    union all
    select roster_id, account_id, 'student' from roster.roster_students
)

select
    news.organization_id,
    journal.roster_id,
    journal.account_id,
    case journal.entity when 'roster_teachers' then 'teacher' else 'student' end as role
from journal
join news on news.sync_id = journal.sync_id
where journal.entity in ('roster_teachers', 'roster_students')
union
select news.organization_id, members.roster_id, members.account_id, members.role
from journal
join news on news.sync_id = journal.sync_id
join members on members.roster_id = journal.id
where journal.entity = 'rosters' and journal.is_moved
union
select news.organization_id, members.roster_id, members.account_id, members.role
from journal
join news on news.sync_id = journal.sync_id
join members on members.account_id = journal.account_id
where journal.entity = 'identity_links'
union
select roster.organization_id, members.roster_id, members.account_id, members.role
from windows
join roster.rosters as roster on roster.organization_id = windows.organization_id
join members on members.roster_id = roster.id
where windows.is_whole
