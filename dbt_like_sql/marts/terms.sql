-- Desired terms. A field that could not be decoded keeps the value that the product has.
select
    term.term_id,
    if(partially_read.clever_id is null, term.name, coalesce(term.name, existing.name)) as name,
    if(partially_read.clever_id is null, term.start_date, coalesce(term.start_date, existing.start_date)) as start_date,
    if(partially_read.clever_id is null, term.end_date, coalesce(term.end_date, existing.end_date)) as end_date
from staging.stg_terms as term
left join current.terms as existing on existing.term_id = term.term_id
left join intermediate.int_partially_read as partially_read
    on partially_read.clever_id = term.term_id and partially_read.resource = 'terms'
