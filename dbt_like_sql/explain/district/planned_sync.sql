-- The sync whose plan the file holds. What was read has been decided only if this sync read it.
select (plan::json ->> 'sync_id')::bigint as sync_id, plan::json ->> 'sync_uid' as sync_uid
from changes.plan
