-- Accounts linked to the district's people, and accounts that carry an address of the feed.
-- PostgreSQL. An account of another organization shows no value that names a person. Temporary table `feed_names`
-- holds the names of the feed by address, in lower case and without accents.
with membership as (
    select
        m.account_id,
        bool_or(m.organization_id <> %(organization_id)s) as is_member_elsewhere,
        bool_or(m.organization_id <> %(organization_id)s and m.is_admin) as is_admin_elsewhere,
        bool_or(m.organization_id = %(organization_id)s and m.is_admin) as is_admin_here
    from roster.org_memberships as m join candidate_accounts as candidate on candidate.account_id = m.account_id
    where m.ended_at is null
    group by m.account_id
),

known as (
    select
        a.*,
        a.xmin::text as version,
        link.clever_id as linked_clever_id,
        link.evidence ->> 'sis_id' as linked_sis_id,
        candidate.reopens_for,
        coalesce(link.organization_id = %(organization_id)s, false) as is_linked_here,
        coalesce(link.organization_id <> %(organization_id)s, false) as is_linked_elsewhere,
        coalesce(m.is_member_elsewhere, false) as is_member_elsewhere,
        coalesce(m.is_admin_elsewhere, false) as is_admin_elsewhere,
        coalesce(m.is_admin_here, false) as is_admin_here,
        -- The account belongs to other organizations, and all of them are disconnected (docs/rules.md R2.29) or Clever
        -- Library (docs/rules.md R3.13).
        coalesce((
            select bool_and(other.state = 'disconnected' or other.tier = 'library')
            from (
                select organization_id from roster.identity_links where account_id = a.id and unlinked_at is null
                union
                select organization_id from roster.org_memberships where account_id = a.id and ended_at is null
            ) as its
            join roster.organizations as other on other.id = its.organization_id
            where other.id <> %(organization_id)s
        ), false) as is_other_disconnected
    from candidate_accounts as candidate
    join roster.accounts as a on a.id = candidate.account_id
    left join roster.identity_links as link on link.account_id = a.id and link.unlinked_at is null
    left join membership as m on m.account_id = a.id
)

select
    id as account_id,
    role,
    case when is_linked_here or not (is_linked_elsewhere or is_member_elsewhere) then first_name end as first_name,
    case when is_linked_here or not (is_linked_elsewhere or is_member_elsewhere) then last_name end as last_name,
    email,
    case when is_linked_here then clever_email end as clever_email,
    imported_from_clever,
    case when is_linked_here then grade end as grade,
    case when not is_linked_elsewhere then linked_clever_id end as linked_clever_id,
    case when is_linked_here then linked_sis_id end as linked_sis_id,
    reopens_for,
    is_linked_here,
    is_linked_elsewhere,
    is_member_elsewhere,
    is_admin_elsewhere,
    is_admin_here,
    is_other_disconnected,
    -- The names are compared here, so that no name of another organization is copied.
    is_other_disconnected
    and coalesce(nullif(first_name, ''), nullif(last_name, '')) is not null
    and email in (select email from feed_names where first_name <> '' or last_name <> '')
    and coalesce((email, regexp_replace(normalize(lower(btrim(first_name)), nfd), '[\u0300-\u036f]', '', 'g')) not in (
        select email, normalize(first_name, nfd) from feed_names where first_name <> ''
    ), true)
    and coalesce((email, regexp_replace(normalize(lower(btrim(last_name)), nfd), '[\u0300-\u036f]', '', 'g')) not in (
        select email, normalize(last_name, nfd) from feed_names where last_name <> ''
    ), true) as is_other_name_different,
    archived_at is not null as is_ended,
    false as is_native,
    version
from known
