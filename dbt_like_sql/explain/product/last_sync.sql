-- The last sync of an organization that read Clever or tried to. If a uid is given, the sync with this uid.
select id, state, started_at
from roster.syncs
where organization_id = :organization_id and mode not in ('resolve', 'undo')
    and (cast(:uid as text) is null or cast(uid as text) = :uid)
order by id desc
limit 1
