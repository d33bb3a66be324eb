-- The account of each person, with the rule *linked*, *email* or *created*, and the contradiction that prevented a link
-- (docs/rules.md R2.3). With a contradiction, the student is still in class, and two people are never merged.
with matched as (
    select
        person.*,
        claim.account_id as linked_account_id,
        claim.own_email,
        claim.is_claimable,
        claim.is_blocked,
        claim.is_recycled,
        claim.is_frozen,
        claim.is_email_changed,
        coalesce(own.is_ended, false) as is_returning,
        own.role as own_role,
        reopened.account_id as reopened_account_id,
        holder.account_id as holder_id,
        coalesce(holder.is_linked_elsewhere or holder.is_member_elsewhere, false) as is_holder_elsewhere,
        holder.linked_clever_id as holder_clever_id,
        -- If the holder moves to another email in this sync, this email becomes free.
        holder.account_id is not null
        and holder.account_id is distinct from claim.account_id
        and (claim.is_blocked or not claim.is_claimable) as is_email_taken,
        coalesce(fold_name(holder.first_name) = fold_name(person.first_name), false) as first_name_agrees,
        coalesce(fold_name(holder.last_name) = fold_name(person.last_name), false) as last_name_agrees,
        -- A missing name does not count as different (docs/rules.md R6.7), so both names of both people are needed.
        coalesce(
            fold_name(holder.first_name) <> fold_name(person.first_name)
            and fold_name(holder.last_name) <> fold_name(person.last_name),
            false
        ) as both_names_differ,
        -- A person has decided that the two are different people (docs/rules.md R2.30).
        exists (
            select 1
            from current.reviews as decision
            where decision.is_native
                and decision.clever_id = person.clever_id
                and decision.account_id = holder.account_id
        ) as is_other_person,
        coalesce(
            person.sis_id = if(claim.is_recycled, own.linked_sis_id, holder.linked_sis_id), false
        ) as sis_id_agrees,
        holder.* exclude (
            account_id, linked_clever_id, email, first_name, last_name, clever_email, grade, is_linked_here,
            linked_sis_id, reopens_for
        ) rename (role as holder_role)
    from intermediate.int_people as person
    inner join intermediate.int_email_claims as claim on claim.clever_id = person.clever_id
    left join current.accounts as holder on holder.account_id = claim.holder_id
    left join current.accounts as own on own.account_id = claim.account_id
    left join current.accounts as reopened on reopened.reopens_for = person.clever_id
),

judged as (
    select
        *,
        case
            when linked_account_id is not null and is_recycled then 'recycled_id'
            -- The contradiction is raised when the email arrives, and not again in each sync.
            when linked_account_id is not null and (own_email = email or not (is_email_changed or is_returning)) then null
            when email_is_valid and email_carriers > 1 then 'email_shared'
            when linked_account_id is not null and is_email_taken and holder_clever_id is not null then 'already_linked'
            when linked_account_id is not null and is_email_taken then 'email_shared'
            when linked_account_id is not null or not is_email_taken then null
            when is_member_elsewhere and is_admin_elsewhere then 'admin_account'
            when is_linked_elsewhere or is_member_elsewhere then 'other_organization'
            when holder_clever_id is not null then 'already_linked'
            when is_ended then 'account_closed'
            when holder_role = 'admin' and not is_admin_here then 'admin_account'
            when holder_role not in ('admin', role) then 'role_differs'
            when holder_role = 'admin' and role = 'student' then 'role_differs'
            when both_names_differ then 'name_differs'
        end as reason
    from matched
),

decided as (
    select
        *,
        case
            when linked_account_id is not null then 'linked'
            when is_other_person then 'created'
            when is_email_taken and (reason is null or (reason = 'name_differs' and role = 'teacher')) then 'email'
            else 'created'
        end as rule
    from judged
)

select
    clever_id,
    -- While a review asks whether this is another person, the account also keeps its role.
    if(is_recycled and own_role in ('student', 'teacher'), own_role, role) as role,
    sis_id,
    first_name,
    last_name,
    email,
    grade,
    email_is_valid,
    school_id,
    school_ids,
    rule,
    reason,
    is_recycled,
    is_frozen,
    is_email_changed,
    holder_id,
    holder_clever_id,
    is_holder_elsewhere,
    -- An account of a disconnected district may move here with the person (docs/rules.md R2.29).
    coalesce(
        is_other_disconnected and not is_other_name_different and holder_role = role, false
    ) as is_relinkable,
    first_name_agrees,
    last_name_agrees,
    sis_id_agrees,
    case rule when 'linked' then linked_account_id when 'email' then holder_id else reopened_account_id end as account_id,
    case
        when rule = 'email' then email
        when rule = 'linked' and (is_frozen or (email is not null and (is_blocked or not is_claimable))) then own_email
        when rule = 'linked' then email
        when is_claimable and not is_email_taken and reason is null then email
    end as account_email
from decided
