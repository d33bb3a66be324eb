-- Terms of the organization.
-- PostgreSQL.
select
    clever_id as term_id,
    name,
    start_date,
    end_date,
    archived_at is not null as is_ended,
    false as is_native,
    xmin::text as version
from roster.terms
where
    organization_id = %(organization_id)s
    and clever_id in (select id from affected_terms) -- partial
