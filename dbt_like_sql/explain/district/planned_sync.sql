-- The sync whose plan the file holds. The records of the last read are decided only if this sync read them.
select (plan::json ->> 'sync_id')::bigint as sync_id, plan::json ->> 'sync_uid' as sync_uid
from changes.plan
