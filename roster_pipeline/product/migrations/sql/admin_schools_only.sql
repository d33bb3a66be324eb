-- The schools of an admin stand in admin_schools alone (docs/rules.md R1.4).

insert into roster.admin_schools (organization_id, account_id, school_id, made_by)
select s.organization_id, m.account_id, m.school_id, 'migration'
from roster.school_memberships as m inner join roster.schools as s on s.id = m.school_id
where m.role = 'admin' and m.ended_at is null
on conflict do nothing;

delete from roster.school_memberships where role = 'admin';

alter table roster.school_memberships drop constraint school_memberships_role_check;
alter table roster.school_memberships
add constraint school_memberships_role_check check (role in ('teacher', 'student'));
