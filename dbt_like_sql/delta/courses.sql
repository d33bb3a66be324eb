-- Courses that a delta sync decides again: the changed ones, and those of affected sections.
-- DuckDB.
with courses as (
    select id from affected.changed where resource = 'courses'
    union
    select course_id from warehouse.staging.stg_sections semi join affected.sections on section_id = id
    union
    select course from events.sections
)

select id from courses where id is not null
