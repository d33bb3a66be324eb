-- The reviews of a person in one organization, the oldest first.
select id, reason, evidence, state, decision, decided_by, decided_at
from roster.reviews
where organization_id = :organization_id and clever_id = :clever_id
order by id
