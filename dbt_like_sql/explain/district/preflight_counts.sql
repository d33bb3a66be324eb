-- People by what a sync would do with them.
select
    count(*) filter (rule = 'linked') as linked,
    count(*) filter (rule = 'email') as linked_by_email,
    count(*) filter (rule = 'created') as created,
    (select count(distinct clever_id) from marts.pending_members) as pending
from intermediate.int_identities
