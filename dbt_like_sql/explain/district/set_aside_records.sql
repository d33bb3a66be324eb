-- The records that a sync sets aside, because they could not be decoded or broke a contract.
select distinct resource, clever_id, reason
from quarantine.records
order by resource, clever_id, reason
limit 1000
