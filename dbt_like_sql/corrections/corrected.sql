-- The changes of one correction, counted as people see them: people of the district, schools, classes and places in them, by
-- whether they are back, gone or changed. The counts are read from the journal of the correction.
-- PostgreSQL.
with rows as (
    select
        -- The journal keeps the earlier name of the table.
        case entity when 'parked_members' then 'pending_members' else entity end as entity,
        coalesce(after, before) as row,
        before is not null and coalesce(
            before ->> 'ended_at', before ->> 'archived_at', before ->> 'unlinked_at',
            before ->> 'decided_at', nullif(before ->> 'state', 'open')
        ) is null as was_live,
        after is not null and coalesce(
            after ->> 'ended_at', after ->> 'archived_at', after ->> 'unlinked_at',
            after ->> 'decided_at', nullif(after ->> 'state', 'open')
        ) is null as is_live
    from roster.changes
    where sync_id = :sync_id
),

effects as (
    select
        entity,
        row,
        row ->> 'account_id' as account,
        case
            when is_live and not was_live then 'back'
            when was_live and not is_live then 'gone'
            else 'changed'
        end as effect
    from rows
),

people_with_other_account as (
    -- One link of the person ends, and another one begins.
    select row ->> 'clever_id' as clever_id
    from effects
    where entity = 'identity_links'
    group by 1
    having count(distinct effect) filter (where effect in ('back', 'gone')) = 2
),

their_accounts as (
    select account
    from effects
    where entity = 'identity_links' and row ->> 'clever_id' in (select clever_id from people_with_other_account)
),

accounts_back_or_gone as (
    select account from effects where entity = 'org_memberships' and effect <> 'changed'
),

counts as (
    select
        case entity when 'org_memberships' then row ->> 'role' || 's' else entity end as subject,
        effect,
        count(*) as rows
    from effects
    where entity not in ('accounts', 'identity_links')
        and (entity = 'reviews' or coalesce(account not in (select account from their_accounts), true))
        -- A person who is back in the district is back in its schools too.
        and not (entity = 'school_memberships' and account in (select account from accounts_back_or_gone))
    group by 1, 2
    union all
    select 'accounts', 'changed', count(*)
    from effects
    where entity = 'accounts' and effect = 'changed' and row ->> 'id' not in (select account from their_accounts)
    union all
    select 'people', 'changed', count(*) from people_with_other_account
    union all
    select 'places_moved', 'changed', count(*)
    from effects
    where entity in ('roster_teachers', 'roster_students')
        and effect = 'back'
        and account in (select account from their_accounts)
)

select subject, effect, rows from counts where rows > 0
