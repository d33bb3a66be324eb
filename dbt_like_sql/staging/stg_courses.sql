-- Courses, one row each. Their ids are not stable: a class follows whatever it names now.
with source as (
    select * from raw.courses
),

renamed as (
    select
        id as course_id,
        nullif(number, '') as number,
        nullif(name, '') as name
    from source
    -- Nothing tells two copies of one course apart in time: any one, but always the same.
    qualify row_number() over (partition by id order by content_hash) = 1
)

select * from renamed
