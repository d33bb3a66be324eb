-- Schools that the district shares, one row each.
with source as (
    select * from raw.schools
),

renamed as (
    select
        id as school_id,
        coalesce(name, '') as name,
        nullif(sis_id, '') as sis_id,
        nullif(nces_id, '') as nces_id,
        nullif(low_grade, '') as low_grade,
        nullif(high_grade, '') as high_grade
    from source
    -- Overlapping pages can give one id twice. The copy that Clever changed last wins, then always the same one.
    qualify row_number() over (partition by id order by last_modified desc nulls last, content_hash) = 1
)

select * from renamed
