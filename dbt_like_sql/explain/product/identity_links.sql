-- The identity links of a person in one organization, the oldest first.
select account_id, rule, evidence, sync_id, decided_by, linked_at, unlinked_at
from roster.identity_links
where organization_id = :organization_id and clever_id = :clever_id
order by id
