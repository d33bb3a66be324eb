-- What the identity rules decided about a person; the reason names a contradiction, if there is one.
select role, rule, reason
from intermediate.int_identities
where clever_id = $clever_id
