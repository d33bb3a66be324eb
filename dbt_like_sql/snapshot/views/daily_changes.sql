-- Rows that were added, changed and ended, by district, day and table. The day is that of the district's time zone.
-- DuckDB. A row of the history that ends when another row of the same key begins is a change.
with row_versions as (
    select 'schools' as table_name, district_id, school_id as row_key, valid_from, valid_to from schools_history
    union all
    select 'terms', district_id, term_id, valid_from, valid_to from terms_history
    union all
    select 'courses', district_id, course_id, valid_from, valid_to from courses_history
    union all
    select 'people', district_id, person_id, valid_from, valid_to from people_history
    union all
    select 'school_memberships', district_id, school_id || ' ' || person_id, valid_from, valid_to
    from school_memberships_history
    union all
    select 'rosters', district_id, roster_id::varchar, valid_from, valid_to from rosters_history
    union all
    select 'enrollments', district_id, roster_id || ' ' || person_id || ' ' || role, valid_from, valid_to
    from enrollments_history
),

steps as (
    select table_name, district_id, row_key, valid_from as changed_at, 1 as step from row_versions
    union all
    select table_name, district_id, row_key, valid_to, -1 from row_versions where valid_to is not null
),

changes as (
    select table_name, district_id, row_key, changed_at, sum(step) as step
    from steps
    group by table_name, district_id, row_key, changed_at
),

first_loads as (
    select table_name, district_id, min(valid_from) as loaded_at from row_versions group by table_name, district_id
)

select
    district_id,
    cast(changes.changed_at at time zone districts.time_zone as date) as day,
    table_name,
    count(*) filter (where changes.step > 0) as rows_added,
    count(*) filter (where changes.step = 0) as rows_changed,
    count(*) filter (where changes.step < 0) as rows_ended,
    bool_or(changes.changed_at = first_loads.loaded_at) as has_first_load
from changes
join first_loads using (table_name, district_id)
join districts using (district_id)
group by district_id, day, table_name
