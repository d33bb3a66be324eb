-- Schools of the organization.
-- PostgreSQL.
select
    clever_id as school_id,
    name,
    sis_id,
    nces_id,
    low_grade,
    high_grade,
    archived_at is not null as is_ended,
    false as is_native,
    xmin::text as version
from roster.schools
where
    organization_id = %(organization_id)s
    and clever_id in (select id from affected_schools) -- partial
