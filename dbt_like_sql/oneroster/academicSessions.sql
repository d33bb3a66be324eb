-- Terms as rows of academicSessions.csv, and the school years of terms and classes. A school year begins in July and has
-- the number of the year in which it ends. A term without a date has that of its school year, and one that would end
-- before it starts has its first day as its last.
-- PostgreSQL. `:today` decides the school year where no date does.
with terms as (
    select
        term.*,
        least(9999, greatest(2, extract(
            year from coalesce(term.start_date, term.end_date, cast(:today as date)) + interval '6 months'
        )))::int as school_year
    from roster.terms as term
    where
        term.organization_id = :organization_id
        and (term.archived_at is null or exists (
            select from roster.rosters as class
            where class.term_id = term.id and class.source = 'clever' and class.archived_at is null
        ))
),

years as (
    select school_year from terms
    union
    select extract(year from cast(:today as date) + interval '6 months')::int
    from roster.rosters
    where organization_id = :organization_id and source = 'clever' and archived_at is null and term_id is null
)

select
    clever_id as "sourcedId",
    coalesce(name, '-') as title,
    'term' as type,
    coalesce(start_date, make_date(school_year - 1, 7, 1))::text as "startDate",
    greatest(
        coalesce(end_date, make_date(school_year, 6, 30)), coalesce(start_date, make_date(school_year - 1, 7, 1))
    )::text as "endDate",
    :district_id || '-year-' || school_year as "parentSourcedId",
    lpad(school_year::text, 4, '0') as "schoolYear",
    nullif(concat_ws(
        ' ',
        case when name is null then 'title' end,
        case when start_date is null then 'startDate' end,
        case when end_date is null or end_date < start_date then 'endDate' end
    ), '') as made
from terms
union all
select
    :district_id || '-year-' || school_year,
    format('School year %s-%s', school_year - 1, school_year),
    'schoolYear',
    make_date(school_year - 1, 7, 1)::text,
    make_date(school_year, 6, 30)::text,
    null,
    lpad(school_year::text, 4, '0'),
    'row'
from years
order by "sourcedId"
