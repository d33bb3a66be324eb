-- Accounts that are not from Clever and carry nearly an address of the feed; none of another organization.
-- PostgreSQL. Temporary table `feed_emails` holds the addresses of the feed.
select
    feed.email,
    normalize(feed.email, nfkc) as nfkc_email,
    (
        select link.rule
        from roster.accounts as own
        join roster.identity_links as link on link.account_id = own.id and link.unlinked_at is null
        where own.email = feed.email and link.organization_id = %(organization_id)s
    ) as linked_by,
    near.id as account_id,
    near.email as account_email,
    normalize(near.email, nfkc) as nfkc_account_email,
    near.first_name,
    near.last_name,
    near.role,
    false as is_ended,
    false as is_native,
    near.version
from feed_emails as feed
cross join lateral (
    select *, xmin::text as version
    from roster.accounts
    where
        roster.near_email(email) = roster.near_email(feed.email)
        and not imported_from_clever
        and email is not null
    -- `offset 0` makes PostgreSQL look up each address by index. It expects thousands of matches for every address and
    -- would read the whole table.
    offset 0
) as near
where
    near.email <> feed.email
    and near.archived_at is null
    and (
        select link.id from roster.identity_links as link where link.account_id = near.id and link.unlinked_at is null
    ) is null
    and coalesce(
        (
            select bool_and(m.organization_id = %(organization_id)s and (near.role <> 'admin' or m.is_admin))
            from roster.org_memberships as m
            where m.account_id = near.id and m.ended_at is null
        ),
        near.role <> 'admin'
    )
