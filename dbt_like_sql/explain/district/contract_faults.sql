-- The contracts that a record broke. Records that could not be decoded are in quarantine too. They are left out.
select distinct resource, reason, 'quarantined' as kind
from quarantine.records
where clever_id = $clever_id and list_contains($lists, resource)
    and (resource, reason) not in (
        select (resource, reason) from raw.rejected where whole_record and clever_id = $clever_id
    )
order by all
