-- Terms, one row each. Their ids are not stable: a class follows whatever it names now.
with source as (
    select * from raw.terms
),

renamed as (
    select
        id as term_id,
        nullif(name, '') as name
    from source
    -- Nothing tells two copies of one term apart in time: any one, but always the same.
    qualify row_number() over (partition by id order by content_hash) = 1
)

select * from renamed
