-- The classes from Clever as rows of classes.csv. A class without a school names the district, one without a term the
-- school year, and one without a course the course of the school year.
-- PostgreSQL. `:today` decides the school year where no date does.
select
    class.clever_id as "sourcedId",
    coalesce(nullif(class.name, ''), '-') as title,
    class.grade as grades,
    coalesce(course.clever_id, :district_id || '-course-' || year.school_year) as "courseSourcedId",
    case when class.subject = 'homeroom/advisory' then 'homeroom' else 'scheduled' end as "classType",
    coalesce(school.clever_id, :district_id) as "schoolSourcedId",
    coalesce(term.clever_id, :district_id || '-year-' || year.school_year) as "termSourcedIds",
    class.subject as subjects,
    class.period as periods,
    case when class.name = '' then 'title' end as made
from roster.rosters as class
left join roster.schools as school on school.id = class.school_id
left join roster.courses as course on course.id = class.course_id
left join roster.terms as term on term.id = class.term_id
cross join lateral (
    select least(9999, greatest(2, extract(
        year from coalesce(term.start_date, term.end_date, cast(:today as date)) + interval '6 months'
    )))::int as school_year
) as year
where class.organization_id = :organization_id and class.source = 'clever' and class.archived_at is null
order by "sourcedId"
