-- Terms that a delta sync decides again: the changed ones, and those of affected sections.
-- DuckDB.
with terms as (
    select id from affected.changed where resource = 'terms'
    union
    select term_id from warehouse.staging.stg_sections semi join affected.sections on section_id = id
    union
    select term_id from events.sections
)

select id from terms where id is not null
