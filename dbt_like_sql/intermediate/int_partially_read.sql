-- Partially read records, of which a field has a type that could not be decoded. The value of the field is unknown, so the
-- product keeps the value that it has.
select distinct
    resource,
    clever_id
from raw.rejected
where not whole_record and clever_id is not null
