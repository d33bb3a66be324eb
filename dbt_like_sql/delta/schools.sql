-- Schools that a delta sync decides again: the changed ones, and those of affected people and sections.
-- DuckDB.
with roles as (
    select unnest([roles.teacher, roles.student]) as role
    from (from events.teachers union all by name from events.students)
),

schools as (
    select id from affected.changed where resource = 'schools'
    union
    select unnest(school_ids) from warehouse.intermediate.int_people semi join affected.people on clever_id = id
    union
    select school_id from warehouse.staging.stg_sections semi join affected.sections on section_id = id
    union
    select school from events.sections
    union
    select unnest(list_append(coalesce(role.schools, []), role.school)) from roles
)

select id from schools where id is not null
