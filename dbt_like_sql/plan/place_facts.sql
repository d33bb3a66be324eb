-- One row for each fact about a school, class, term or course that people count. `follows` is true if the fact results from another
-- one. A student who joins the district also joins a school and classes, and a new class has new members.
-- `grain` is 1 for a school, 2 for a class and 3 for finer facts. Rows with the same `key` are counted once.
with places as (
    select coalesce(account_id::varchar, clever_id) as person, 'student' as role, section_id, clever_id, op, held
    from changes.roster_students
    union all
    select coalesce(account_id::varchar, clever_id) as person, 'teacher' as role, section_id, clever_id, op, held
    from changes.roster_teachers
),

moved_people as (
    select held, coalesce(account_id::varchar, clever_id) as person from changes.org_memberships where op <> 'update'
),

moved_classes as (
    select held, section_id from changes.rosters where op <> 'update'
)

select
    1 as grain, false as follows, 'school' as noun, school_id as key, school_id, held,
    case op when 'insert' then 'new' when 'restore' then 'back' when 'end' then 'removed'
        else if(name is distinct from was_name, 'renamed', 'changed') end as became
from changes.schools
union all by name
select
    3 as grain, false as follows, noun, key, held,
    case op when 'insert' then 'new' when 'restore' then 'back' when 'end' then 'removed'
        else if(name is distinct from was_name, 'renamed', 'changed') end as became
from (
    select 'term' as noun, term_id as key, op, name, was_name, held from changes.terms
    union all
    select 'course' as noun, course_id as key, op, name, was_name, held from changes.courses
)
union all by name
select
    1 as grain, role as noun, coalesce(account_id::varchar, clever_id) as key, school_id, held,
    (held, coalesce(account_id::varchar, clever_id)) in (from moved_people) as follows,
    case op when 'end' then 'taken out of a school' when 'insert' then 'added to a school'
        when 'restore' then 'added to a school'
        else if(is_primary is distinct from was_is_primary, 'with another main school', 'in another role')
    end as became
from changes.school_memberships
union all by name
select
    2 as grain, false as follows, 'class' as noun, section_id as key, section_id, held,
    case when op = 'insert' then 'new' when op = 'restore' then 'back' when op = 'end' then 'archived'
        when name is distinct from was_name then 'renamed'
        when school_id is distinct from was_school_id then 'moved to another school' else 'changed' end as became
from changes.rosters
union all by name
select
    2 as grain, section_id, held, if(op = 'update', 'class', role) as noun, if(op = 'update', section_id, person) as key,
    (held, person) in (from moved_people) or (held, section_id) in (from moved_classes) as follows,
    case op when 'end' then 'taken out of a class' when 'update' then 'with another main teacher'
        else 'added to a class' end as became
from places
union all by name
select
    3 as grain, 'person' as noun, clever_id as key, section_id, held,
    op = 'end' and ((held, section_id) in (from moved_classes) or (held, clever_id) in (
        select held, clever_id from places where op <> 'end'
    )) as follows,
    if(op = 'end', 'no longer awaited', 'awaited') as became
from changes.pending_members
