-- Accounts whose row, link or membership a sync wrote, and accounts with a membership that the product owns or that has
-- ended.
-- PostgreSQL. The journal has no changes of the product's own memberships, so each full sync reads them again. A sync
-- writes nothing where the membership of a person who is gone from Clever had ended before.
select
    news.organization_id,
    case journal.entity when 'accounts' then journal.id else journal.account_id end as account_id
from journal
join news on news.sync_id = journal.sync_id
where journal.entity in ('accounts', 'identity_links', 'org_memberships')
union
select organization_id, account_id
from roster.org_memberships
where
    (source = 'native' or is_admin or ended_at is not null)
    and organization_id in (select organization_id from news where mode = 'full')
union
select organization_id, account_id
from roster.org_memberships
where organization_id in (select organization_id from windows where is_whole)
