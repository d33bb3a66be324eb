-- Terms, one row each. A term may get a new id, so a class uses the term that its section names now.
with source as (
    select * from raw.terms
),

renamed as (
    select
        id as term_id,
        nullif(name, '') as name
    from source
    -- Terms have no time of change. Of several copies of one id, the order makes the choice always the same.
    qualify row_number() over (partition by id order by content_hash) = 1
)

select * from renamed
