-- Desired reviews, one row for each contradiction, with a suggestion. The evidence holds only ids and the fields that
-- agree. A review stays open until a person decides it or the contradiction is gone.
with still_open as (
    select review.*
    from current.reviews as review
    left join intermediate.int_identities as identity on identity.clever_id = review.clever_id
    where not review.is_native
        and case
            when identity.clever_id is null then true
            when review.reason = 'recycled_id' then identity.is_recycled
            when review.reason = 'library_student' then true
            -- A review of the account that the person is linked to stays open. Any other review closes when the account
            -- has the email or the person has another email.
            when review.account_id = identity.account_id then true
            else identity.account_email is distinct from identity.email and not identity.is_email_changed
        end
),

raised as (
    select
        clever_id,
        reason,
        if(reason = 'recycled_id', account_id, holder_id) as account_id,
        to_json({
            'rule': rule,
            'account_id': case
                when reason = 'recycled_id' then account_id
                when coalesce(is_holder_elsewhere, false) then null  -- tenant isolation: no account id of others
                else holder_id
            end,
            'other_clever_id': holder_clever_id,
            'first_name_agrees': first_name_agrees,
            'last_name_agrees': last_name_agrees,
            'sis_id_agrees': sis_id_agrees,
            'suggestion': case
                when reason = 'already_linked' and (sis_id_agrees or (first_name_agrees and last_name_agrees)) then 'relink'
                when reason = 'other_organization' and is_relinkable then 'relink'
                when reason = 'account_closed' and first_name_agrees and last_name_agrees then 'link'
                when reason = 'name_differs' and rule = 'email' then 'same'
                when reason = 'recycled_id' then if(sis_id_agrees, 'same', 'different')
                else 'create'
            end
        }) as evidence,
        if(
            reason = 'recycled_id', to_json({'first_name': first_name, 'last_name': last_name, 'email': email}), null
        ) as clever_says
    from intermediate.int_identities
    where reason is not null
        -- A person has decided about this account, or a review of it is open, for any reason.
        and (reason = 'recycled_id' or not exists (
            select 1 from current.reviews as decided
            where decided.is_native and decided.clever_id = int_identities.clever_id and decided.account_id = holder_id
            union all
            select 1 from still_open
            where still_open.clever_id = int_identities.clever_id and still_open.account_id = holder_id
                and still_open.reason <> int_identities.reason
        ))
)

select * from raised
union all
select
    still_open.clever_id,
    still_open.reason,
    still_open.account_id,
    null as evidence,
    null as clever_says
from still_open
anti join raised on raised.clever_id = still_open.clever_id and raised.reason = still_open.reason
