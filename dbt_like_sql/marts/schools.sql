-- Desired schools. A field that could not be decoded keeps the value that the product has.
select
    school.school_id,
    if(partially_read.clever_id is null, school.name, coalesce(nullif(school.name, ''), existing.name, '')) as name,
    if(partially_read.clever_id is null, school.sis_id, coalesce(school.sis_id, existing.sis_id)) as sis_id,
    if(partially_read.clever_id is null, school.nces_id, coalesce(school.nces_id, existing.nces_id)) as nces_id,
    if(partially_read.clever_id is null, school.low_grade, coalesce(school.low_grade, existing.low_grade)) as low_grade,
    if(partially_read.clever_id is null, school.high_grade, coalesce(school.high_grade, existing.high_grade)) as high_grade
from staging.stg_schools as school
left join current.schools as existing on existing.school_id = school.school_id
left join intermediate.int_partially_read as partially_read on partially_read.clever_id = school.school_id
