-- The lists that a sync read to their end. A list that is empty and was not before proves nothing about who is absent.
select
    resource,
    "rows",
    "rows" = 0 and exists (
        select 1 from raw.load_audit as before
        where before.resource = load_audit.resource and before.sync_id <> load_audit.sync_id and before."rows" > 0
    ) as is_emptied
from raw.load_audit
where sync_id = $sync_id
