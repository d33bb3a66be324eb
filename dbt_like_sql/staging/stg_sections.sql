-- Sections that the district shares, one row each. The primary teacher is the first of `teacher_ids`.
with source as (
    select * from raw.sections
),

renamed as (
    select
        id as section_id,
        nullif(school, '') as school_id,
        nullif(course, '') as course_id,
        nullif(term_id, '') as term_id,
        coalesce(name, '') as name,
        nullif(subject, '') as subject,
        nullif(grade, '') as grade,
        nullif(period, '') as period,
        coalesce(nullif(teacher, ''), teachers[1]) as primary_teacher_id,
        list_filter(
            list_prepend(teacher, coalesce(teachers, [])),
            lambda person, place:
                person <> '' and list_position(list_prepend(teacher, coalesce(teachers, [])), person) = place
        ) as teacher_ids,
        list_distinct(list_filter(coalesce(students, []), lambda person: person <> '')) as student_ids
    from source
    -- Overlapping pages can give one id twice. The copy that Clever changed last wins, then always the same one.
    qualify row_number() over (partition by id order by last_modified desc nulls last, content_hash) = 1
)

select * from renamed
