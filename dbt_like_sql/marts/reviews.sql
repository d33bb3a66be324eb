-- What a person has to look at: one row a contradiction, with evidence in ids and agreements only.
select
    clever_id,
    reason,
    to_json({
        'rule': rule,
        'account_id': coalesce(holder_id, account_id),
        'other_clever_id': holder_clever_id,
        'first_name_agrees': first_name_agrees,
        'last_name_agrees': last_name_agrees
    }) as evidence
from intermediate.int_identities
where reason is not null
