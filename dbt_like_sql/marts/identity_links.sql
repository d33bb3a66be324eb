-- Desired identity links, each with its rule and evidence. The evidence names ids and the fields that agree, and never
-- holds a name or an email.
select
    clever_id,
    account_id,
    rule,
    to_json({
        'sis_id': sis_id,
        'first_name_agrees': if(rule = 'email', first_name_agrees, null),
        'last_name_agrees': if(rule = 'email', last_name_agrees, null),
        'near_account_id': (
            select min(near.account_id) from intermediate.int_near_matches as near
            where near.clever_id = int_identities.clever_id
        )
    }) as evidence
from intermediate.int_identities
where rule <> 'linked'
