-- Pending members: a section lists them, and no account is known for them yet.
-- PostgreSQL.
select
    roster.clever_id as section_id,
    pending.clever_id,
    pending.role,
    false as is_ended,
    false as is_native,
    pending.xmin::text as version
from roster.pending_members as pending
join roster.rosters as roster on roster.id = pending.roster_id
where
    roster.organization_id = %(organization_id)s
    and roster.source = 'clever'
    and roster.clever_id in (select id from affected_sections) -- partial
