-- Students of rosters from Clever.
-- PostgreSQL.
select
    roster.clever_id as section_id,
    m.account_id,
    link.clever_id,
    m.ended_at is not null as is_ended,
    false as is_native,
    m.xmin::text as version
from roster.roster_students as m
join roster.rosters as roster on roster.id = m.roster_id
left join roster.identity_links as link
    on link.account_id = m.account_id
    and link.organization_id = roster.organization_id
    and link.unlinked_at is null
where
    roster.organization_id = %(organization_id)s
    and roster.source = 'clever'
    and roster.clever_id in (select id from affected_sections) -- partial
