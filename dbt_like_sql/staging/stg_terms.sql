-- Terms, one row each. A term may get a new id, so a class uses the term that its section names now. Clever gives a date
-- as `2031-08-04` or with a time after it. A date in another form is none, and so is one before the year 1, which DuckDB
-- does not read as PostgreSQL writes it.
with source as (
    select * from raw.terms
),

renamed as (
    select
        id as term_id,
        nullif(name, '') as name,
        case when start_date[:4] > '0000' then try_strptime(start_date[:10], '%Y-%m-%d')::date end as start_date,
        case when end_date[:4] > '0000' then try_strptime(end_date[:10], '%Y-%m-%d')::date end as end_date
    from source
    -- Terms have no time of change. Of several copies of one id, the order makes the choice always the same.
    qualify row_number() over (partition by id order by content_hash) = 1
)

select * from renamed
