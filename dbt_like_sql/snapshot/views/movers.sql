-- People who joined the district, left it or changed classes, one row for each person and time.
-- DuckDB. A row of the history that ends when another row of the same key begins is a change and no move.
with people_steps as (
    select district_id, person_id, valid_from as moved_at, 1 as step from people_history
    union all
    select district_id, person_id, valid_to, -1 from people_history where valid_to is not null
),

people_moves as (
    select district_id, person_id, moved_at, sum(step) as step
    from people_steps
    group by district_id, person_id, moved_at
    having sum(step) <> 0
),

class_steps as (
    select district_id, person_id, roster_id, valid_from as moved_at, 1 as step from enrollments_history
    union all
    select district_id, person_id, roster_id, valid_to, -1 from enrollments_history where valid_to is not null
),

class_moves as (
    select district_id, person_id, roster_id, moved_at, sum(step) as step
    from class_steps
    group by district_id, person_id, roster_id, moved_at
    having sum(step) <> 0
),

classes as (
    select
        district_id,
        person_id,
        moved_at,
        list(roster_id order by roster_id) filter (where step > 0) as joined_roster_ids,
        list(roster_id order by roster_id) filter (where step < 0) as left_roster_ids
    from class_moves
    group by district_id, person_id, moved_at
),

persons as (
    select district_id, person_id, arg_max(role, valid_from) as role
    from people_history
    group by district_id, person_id
),

first_loads as (
    select district_id, min(valid_from) as loaded_at from people_history group by district_id
)

select
    district_id,
    moved_at,
    person_id,
    persons.role,
    case sign(people_moves.step) when 1 then 'joined' when -1 then 'left' else 'changed class' end as move,
    coalesce(classes.joined_roster_ids, []) as joined_roster_ids,
    coalesce(classes.left_roster_ids, []) as left_roster_ids,
    moved_at = first_loads.loaded_at as is_first_load
from people_moves
full join classes using (district_id, person_id, moved_at)
join persons using (district_id, person_id)
join first_loads using (district_id)
