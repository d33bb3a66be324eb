-- Terms that are not archived.
-- PostgreSQL.
select
    touched.organization_id,
    term.clever_id as term_id,
    term.name,
    term.start_date,
    term.end_date,
    term.valid_from,
    term.valid_to
from touched_terms as touched
join terms_versions as term
    on term.clever_id = touched.term_id
    and term.organization_id = touched.organization_id
where term.archived_at is null
