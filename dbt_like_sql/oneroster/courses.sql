-- Courses as rows of courses.csv, and one course for the classes of each school year that have none.
-- PostgreSQL. `:today` decides the school year where no date does.
with years as (
    select distinct
        least(9999, greatest(2, extract(
            year from coalesce(term.start_date, term.end_date, cast(:today as date)) + interval '6 months'
        )))::int as school_year
    from roster.rosters as class
    left join roster.terms as term on term.id = class.term_id
    where
        class.organization_id = :organization_id
        and class.source = 'clever'
        and class.archived_at is null
        and class.course_id is null
)

select
    course.clever_id as "sourcedId",
    null as "schoolYearSourcedId",
    coalesce(course.name, '-') as title,
    course.number as "courseCode",
    :district_id as "orgSourcedId",
    case when course.name is null then 'title' end as made
from roster.courses as course
where
    course.organization_id = :organization_id
    and (course.archived_at is null or exists (
        select from roster.rosters as class
        where class.course_id = course.id and class.source = 'clever' and class.archived_at is null
    ))
union all
select
    :district_id || '-course-' || school_year,
    :district_id || '-year-' || school_year,
    format('Classes without a course, %s-%s', school_year - 1, school_year),
    null,
    :district_id,
    'row'
from years
order by "sourcedId"
