-- What could not be decoded of a record: the whole record is rejected, or one field is missing.
select resource, reason, if(whole_record, 'rejected', 'partially read') as kind
from raw.rejected
where clever_id = $clever_id and list_contains($lists, resource)
order by all
