-- Enrollments that a sync wrote, those of rosters that were archived or restored, and those of accounts whose link
-- changed.
-- PostgreSQL.
select
    (content ->> 'roster_id')::bigint as roster_id,
    (content ->> 'account_id')::bigint as account_id,
    case entity when 'roster_teachers' then 'teacher' else 'student' end as role
from journal
where entity in ('roster_teachers', 'roster_students')
union
select m.roster_id, m.account_id, m.role
from (
    select roster_id, account_id, 'teacher' as role from roster.roster_teachers
    union all
    select roster_id, account_id, 'student' from roster.roster_students
) as m
where m.roster_id in (select (content ->> 'id')::bigint from journal where entity = 'rosters' and is_moved)
union
select m.roster_id, m.account_id, m.role
from (
    select roster_id, account_id, 'teacher' as role from roster.roster_teachers
    union all
    select roster_id, account_id, 'student' from roster.roster_students
) as m
where m.account_id in (select (content ->> 'account_id')::bigint from journal where entity = 'identity_links')
