-- Counts the facts of a plan by noun and change. A fact has a level (`grain`): 0 district, 1 school, 2 class, 3 finer.
-- All facts at the level of the scope are counted. A finer fact is counted only if it does not result from another fact
-- (`follows`). `$about` and `$id` are the scope. `$side` says which facts are counted: `all` of the district, those
-- `here` in the scope, or those `elsewhere`. `$members` are known accounts of the class in the scope.
with scope_people as (
    select unnest($members::bigint[])::varchar as person
    union all
    select coalesce(account_id::varchar, clever_id) as person
    from (
        select account_id, clever_id, section_id from marts.roster_students
        union all
        select account_id, clever_id, section_id from marts.roster_teachers
        union all
        select account_id, clever_id, section_id from current.roster_students
        union all
        select account_id, clever_id, section_id from current.roster_teachers
    )
    where $about = 'section' and section_id = $id
    union all
    select coalesce(account_id::varchar, clever_id) as person
    from (
        select account_id, clever_id, school_id from marts.school_memberships
        union all
        select account_id, clever_id, school_id from current.school_memberships
    )
    where $about = 'school' and school_id = $id
),

scope_sections as (
    select $id as section_id where $about = 'section'
    union all
    select section_id from marts.rosters where $about = 'school' and school_id = $id
    union all
    select section_id from current.rosters where $about = 'school' and school_id = $id
),

facts as (
    select
        *,
        coalesce(
            person in (select person from scope_people)
            or account in (select person from scope_people)
            or section_id in (select section_id from scope_sections)
            or ($about = 'school' and school_id = $id),
            false
        ) as is_here,
        grain - if($about = 'school', 1, 2) as below
    from (from plan.person_facts union all by name from plan.place_facts)
    where held = $held
)

select
    noun,
    became,
    count(distinct key) as fact_count
from facts
where case $side
        when 'all' then grain = 0 or not follows
        when 'here' then is_here and below >= 0 and (below = 0 or not follows)
        else not is_here and (grain = 0 or not follows)
    end
group by noun, became
order by noun, became
