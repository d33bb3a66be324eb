-- Terms, one row each. A term may get a new id, so a class uses the term that its section names now. Clever gives a date
-- as `2031-08-04` or with a time after it. A date in another form is none.
with source as (
    select * from raw.terms
),

renamed as (
    select
        id as term_id,
        nullif(name, '') as name,
        try_strptime(start_date[:10], '%Y-%m-%d')::date as start_date,
        try_strptime(end_date[:10], '%Y-%m-%d')::date as end_date
    from source
    -- Terms have no time of change. Of several copies of one id, the order makes the choice always the same.
    qualify row_number() over (partition by id order by content_hash) = 1
)

select * from renamed
