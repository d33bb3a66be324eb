-- Sections that a delta sync decides again: the changed ones, those with a member who may enter or leave, those of a
-- changed term, and those of a school or course that came or left.
-- DuckDB.
select id from affected.changed where resource = 'sections'
union
select section_id from warehouse.intermediate.int_section_members semi join affected.presence_changes on clever_id = id
union
select section_id from warehouse.staging.stg_sections semi join affected.changed on id = term_id and resource = 'terms'
union
select section_id
from warehouse.staging.stg_sections
semi join affected.changed on id = school_id and resource = 'schools' and was_there <> is_there
union
select section_id
from warehouse.staging.stg_sections
semi join affected.changed on id = course_id and resource = 'courses' and was_there <> is_there
