-- Schools as the product shall have them.
select
    school_id,
    name,
    sis_id,
    nces_id,
    low_grade,
    high_grade
from staging.stg_schools
