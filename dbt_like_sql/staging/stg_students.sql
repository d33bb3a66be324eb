-- Students that the district shares, one row each, with all schools to which they belong.
with source as (
    select * from raw.students
),

renamed as (
    select
        id as clever_id,
        nullif(roles.student.sis_id, '') as sis_id,
        name.first as first_name,
        name.last as last_name,
        -- Spaces, tabs, CR and LF around an email are removed. Nothing else of it is changed.
        clean_email(email) as email,
        nullif(roles.student.grade, '') as grade,
        nullif(roles.student.school, '') as school_id,
        list_sort(list_distinct(list_filter(
            list_append(coalesce(roles.student.schools, []), roles.student.school),
            lambda school: school <> ''
        ))) as school_ids
    from source
    -- Overlapping pages can give one id twice. The copy that Clever changed last wins, then always the same one.
    qualify row_number() over (partition by id order by last_modified desc nulls last, content_hash) = 1
)

select * from renamed
