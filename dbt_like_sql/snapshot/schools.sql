-- Schools that are not archived.
-- PostgreSQL.
select
    touched.organization_id,
    school.clever_id as school_id,
    school.name,
    school.sis_id,
    school.nces_id,
    school.low_grade,
    school.high_grade,
    school.valid_from,
    school.valid_to
from touched_schools as touched
join schools_versions as school
    on school.clever_id = touched.school_id
    and school.organization_id = touched.organization_id
where school.archived_at is null
