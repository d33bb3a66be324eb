-- Accounts whose row, link or membership a sync wrote, and accounts with a membership that the product owns or that has
-- ended.
-- PostgreSQL. The journal has no changes of the product's own memberships, so each full sync reads them again. A sync
-- writes nothing where the membership of a person who is gone from Clever had ended before.
select (content ->> 'account_id')::bigint as account_id
from journal
where entity in ('identity_links', 'org_memberships')
union
select (content ->> 'id')::bigint
from journal
where entity = 'accounts'
union
select account_id
from roster.org_memberships
where
    organization_id = %(organization_id)s
    and (source = 'native' or is_admin or ended_at is not null)
    and exists (
        select from roster.syncs
        where
            organization_id = %(organization_id)s
            and mode = 'full'
            and (id > %(last)s or finished_at > (select finished_at from roster.syncs where id = %(last)s))
    )
