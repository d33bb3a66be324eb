-- The decision of the identity rules about a person. The reason names a contradiction, if there is one.
select role, rule, reason
from intermediate.int_identities
where clever_id = $clever_id
