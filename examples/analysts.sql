-- Twelve questions to the analysts' database. Run them in DuckDB:
--
--     duckdb -readonly .roster/snapshots/latest.duckdb < examples/analysts.sql
--
-- docs/data-dictionary.md describes the tables and columns. No question needs the name of a person.

-- 1. How many people of each role did each district have on a day?
select district_id, role, count(*) as people
from people_as_of('2026-09-01 12:00-04')
group by district_id, role
order by district_id, role;

-- 2. How many people joined the district, left it or changed classes in the last seven days?
select district_id, role, move, count(*) as people
from movers
where not is_first_load and moved_at > now() - interval '7 days'
group by district_id, role, move
order by district_id, role, move;

-- 3. How many places in classes did students have at the end of each week? The last row is now.
with weeks as (
    select unnest(generate_series(
        date_trunc('week', (select min(valid_from) from enrollments_history)) + interval '7 days',
        date_trunc('week', now()) + interval '7 days',
        interval '7 days'
    )) as week_ends
)

select weeks.week_ends, enrollment.district_id, count(*) as enrollments
from weeks
join enrollments_history as enrollment
    on enrollment.valid_from < weeks.week_ends
    and (enrollment.valid_to is null or enrollment.valid_to >= weeks.week_ends)
where enrollment.role = 'student'
group by weeks.week_ends, enrollment.district_id
order by weeks.week_ends, enrollment.district_id;

-- 4. How many students of each school are in no class?
select district_id, school_name, count(*) as students
from students_without_class
group by district_id, school_name
order by students desc, district_id, school_name;

-- 5. How large are the classes of each school? Classes without students count.
with sizes as (
    select class.district_id, class.school_id, class.roster_id, count(enrollment.roster_id) as students
    from rosters as class
    left join enrollments as enrollment
        on enrollment.district_id = class.district_id
        and enrollment.roster_id = class.roster_id
        and enrollment.role = 'student'
    group by class.district_id, class.school_id, class.roster_id
)

select
    sizes.district_id,
    school.name as school_name,
    count(*) as classes,
    min(sizes.students) as smallest,
    median(sizes.students) as median,
    max(sizes.students) as largest
from sizes
left join schools as school using (district_id, school_id)
group by sizes.district_id, school.name
order by sizes.district_id, school.name;

-- 6. How old is the data of each district, at Clever and here?
select district_id, name, last_sync_state, last_clever_sync_at, last_published_at, hours_since_published
from freshness
order by last_published_at;

-- 7. Which classes have more than one teacher?
select class.district_id, class.section_id, class.name, count(*) as teachers
from rosters as class
join enrollments as enrollment using (district_id, roster_id)
where enrollment.role = 'teacher'
group by class.district_id, class.section_id, class.name
having count(*) > 1
order by teachers desc, class.district_id, class.section_id;

-- 8. How many students of each grade does each school have? Each student counts at the main school.
select district_id, school.name as school_name, grade, count(*) as students
from (from people natural join school_memberships) as person
join schools as school using (district_id, school_id)
where role = 'student' and is_primary
group by district_id, school.name, grade
order by district_id, school_name, grade;

-- 9. How many people joined and left each school since a day?
with then_members as (
    select * exclude (is_primary) from school_memberships_as_of('2026-09-01 12:00-04')
),

now_members as (
    select * exclude (is_primary) from school_memberships
),

moves as (
    select district_id, school_id, 'joined' as move from (from now_members except from then_members)
    union all
    select district_id, school_id, 'left' as move from (from then_members except from now_members)
)

select
    district_id,
    school_id,
    count(*) filter (where move = 'joined') as joined,
    count(*) filter (where move = 'left') as "left"
from moves
group by district_id, school_id
order by district_id, school_id;

-- 10. What is the history of the class that changed most often?
select valid_from, valid_to, name, period, term_name, school_id, sync_id
from rosters_history
where section_id = (
    select section_id from rosters_history group by section_id order by count(*) desc, section_id limit 1
)
order by valid_from;

-- 11. How many rows of each table began with the newest sync that changed anything?
with began as (
    select 'schools' as table_name, sync_id from schools_history
    union all
    select 'people', sync_id from people_history
    union all
    select 'rosters', sync_id from rosters_history
    union all
    select 'enrollments', sync_id from enrollments_history
    union all
    select 'school_memberships', sync_id from school_memberships_history
)

select sync_id, table_name, count(*) as rows_began
from began
where sync_id = (select max(sync_id) from began)
group by sync_id, table_name
order by table_name;

-- 12. How many classes and students does each course have, and in which term?
select
    district_id,
    course.number as course_number,
    course.name as course_name,
    term.name as term_name,
    term.start_date,
    term.end_date,
    count(distinct class.roster_id) as classes,
    count(enrollment.roster_id) as students
from rosters as class
join courses as course using (district_id, course_id)
left join terms as term using (district_id, term_id)
left join enrollments as enrollment
    on enrollment.district_id = class.district_id
    and enrollment.roster_id = class.roster_id
    and enrollment.role = 'student'
group by district_id, course.number, course.name, term.name, term.start_date, term.end_date
order by district_id, course_number, course_name, term.start_date;
