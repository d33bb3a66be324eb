-- The accounts that this sync has to know: those linked to people of the organization, those that an undo closed and
-- that their person gets back, and those that carry an email address of the feed.
-- PostgreSQL. Temporary table `feed_emails` holds the addresses of the feed.
with reopened as (
    -- A sync created the account and an undo closed it.
    select distinct on (link.clever_id) link.clever_id, link.account_id
    from roster.identity_links as link
    join roster.syncs as undone on undone.id = link.unlinked_sync_id and undone.mode = 'undo'
    where
        link.organization_id = %(organization_id)s
        and link.rule = 'created'
        and link.clever_id in (select id from affected_people) -- partial
        and not exists (
            select from roster.identity_links as live
            where
                live.unlinked_at is null
                and (live.clever_id = link.clever_id or live.account_id = link.account_id)
        )
    order by link.clever_id, link.id desc
),

candidates as (
    select link.account_id, null as reopens_for
    from roster.identity_links as link
    where
        link.organization_id = %(organization_id)s
        and link.unlinked_at is null
        and link.clever_id in (select id from affected_people) -- partial
    union all
    select account_id, clever_id from reopened
    union all
    select account.id, null from feed_emails join roster.accounts as account on account.email = feed_emails.email
)

select account_id, max(reopens_for) as reopens_for from candidates group by account_id
