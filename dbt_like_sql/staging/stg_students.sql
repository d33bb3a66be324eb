-- People who learn, one row each, with every school they belong to.
with source as (
    select * from raw.students
),

renamed as (
    select
        id as clever_id,
        nullif(roles.student.sis_id, '') as sis_id,
        name.first as first_name,
        name.last as last_name,
        -- Rule *email*: space, tab, CR and LF around an address are no part of it; nothing else is folded.
        nullif(trim(email, e' \t\r\n'), '') as email,
        nullif(roles.student.school, '') as school_id,
        list_sort(list_distinct(list_filter(
            list_append(coalesce(roles.student.schools, []), roles.student.school),
            lambda school: school <> ''
        ))) as school_ids
    from source
    -- One id twice (overlapping pages): the copy that Clever changed last; then any one, but always the same.
    qualify row_number() over (partition by id order by last_modified desc nulls last, content_hash) = 1
)

select * from renamed
