-- The number of records that a sync sets aside. A record with several faults counts once.
select count(*) as records
from (select distinct resource, clever_id, if(clever_id is null, reason, null) from quarantine.records)
