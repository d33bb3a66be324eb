-- Schools that are not archived.
-- PostgreSQL.
select clever_id as school_id, name, sis_id, nces_id, low_grade, high_grade
from roster.schools
where
    organization_id = %(organization_id)s
    and archived_at is null
    and clever_id in (select school_id from touched_schools) -- partial
