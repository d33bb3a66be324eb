-- Live links between the district's people and accounts.
-- PostgreSQL.
select clever_id, account_id, false as is_ended, false as is_native, xmin::text as version
from roster.identity_links
where
    organization_id = %(organization_id)s
    and unlinked_at is null
    and clever_id in (select id from affected_people) -- partial
