-- Courses, one row each. A course may get a new id, so a class uses the course that its section names now.
with source as (
    select * from raw.courses
),

renamed as (
    select
        id as course_id,
        nullif(number, '') as number,
        nullif(name, '') as name
    from source
    -- Courses have no time of change. Of several copies of one id, the order makes the choice always the same.
    qualify row_number() over (partition by id order by content_hash) = 1
)

select * from renamed
