-- The people whom an administrator should look at before a sync, one row for each finding, near matches first.
-- The values of an account are not shown if it belongs to another organization, is closed, or is an admin elsewhere.
with reviewed as (
    select clever_id, reason as finding, account_id from marts.reviews
    except
    -- A review that a person has decided is not opened again.
    select clever_id, reason, account_id from current.reviews where is_native
),
findings as (
    select clever_id, 'near_match' as finding, account_id, differs from intermediate.int_near_matches
    union all by name
    select
        clever_id,
        finding,
        account_id,
        case finding when 'role_differs' then ['role'] when 'name_differs' then ['name'] end as differs
    from reviewed
    union all by name
    select clever_id, 'shared_address' as finding
    from intermediate.int_people
    where email_is_valid and email_carriers > 1
        and clever_id not in (select clever_id from reviewed where finding = 'email_shared')
    union all by name
    select clever_id, 'unusable_address' as finding
    from intermediate.int_people
    where email is not null and not email_is_valid
    union all by name
    select distinct clever_id, finding
    from intermediate.int_section_members
    where finding is not null
),
to_be_shown as (
    select account_id, role, first_name, last_name, email
    from current.accounts
    where not (is_linked_elsewhere or is_member_elsewhere or is_ended or (role = 'admin' and not is_admin_here))
    union
    select account_id, role, first_name, last_name, account_email from current.near_accounts
)
select
    person.clever_id, person.role, person.sis_id, person.first_name, person.last_name, person.email,
    case identity.rule when 'email' then 'linked_by_email' else identity.rule end as outcome,
    findings.finding, coalesce(findings.differs, []) as differs,
    account.account_id, account.role as account_role, account.first_name as account_first_name,
    account.last_name as account_last_name, account.email as account_email,
    account.email <> remove_invisible(account.email) as account_has_invisible
from findings
inner join intermediate.int_people as person using (clever_id)
inner join intermediate.int_identities as identity using (clever_id)
left join to_be_shown as account on account.account_id = findings.account_id
order by clever_id, finding <> 'near_match', account.account_id is null, finding, account.account_id
