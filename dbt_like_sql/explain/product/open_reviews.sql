-- The open reviews, in the order in which they are shown. `sharing` has the Clever ids of all people who have the same
-- email, so that they can be shown as one entry. If no district or no reason is given, those of all are returned.
with wanted as (
    select review.*, organization.clever_district_id as district_id, organization.name as district,
        own.id as own_id, own.role as own_role, own.first_name, own.last_name, own.clever_email
    from roster.reviews as review
    join roster.organizations as organization on organization.id = review.organization_id
    left join roster.identity_links as link on link.clever_id = review.clever_id and link.unlinked_at is null
    left join roster.accounts as own on own.id = link.account_id
    where review.state = 'open' and (cast(:district_id as text) is null or clever_district_id = :district_id)
        and (cast(:reason as text) is null or reason = :reason)
), sharing as (
    select link.organization_id, carrier.clever_email, array_agg(link.clever_id order by link.clever_id) as ids
    from roster.identity_links as link join roster.accounts as carrier on carrier.id = link.account_id
    where link.unlinked_at is null and carrier.archived_at is null
        and (link.organization_id, carrier.clever_email) in (
            select organization_id, clever_email from wanted where reason = 'email_shared'
        )
    group by 1, 2
)
select review.id as review, review.district_id, review.clever_id, review.reason,
    case when review.clever_says is null then concat_ws(' ', review.first_name, review.last_name)
        else concat_ws(' ', review.clever_says ->> 'first_name', review.clever_says ->> 'last_name') end as person,
    -- Tenant isolation: the name of an account of another organization is not shown.
    case when not elsewhere.is_elsewhere
        then concat_ws(' ', about.first_name, about.last_name) || ' (' || about.id || ')' end as account,
    case when review.reason <> 'other_organization' then review.evidence ->> 'suggestion'
        -- The other district may have been disconnected, or connected again, since the review was opened. Clever
        -- Library is no other district (docs/rules.md R3.13).
        when elsewhere.is_released and about.role = review.own_role and (
            lower(about.first_name) = lower(review.first_name) or lower(about.last_name) = lower(review.last_name)
            or coalesce(about.first_name, about.last_name, '') = ''
        ) then 'relink'
        else 'create' end as suggestion,
    review.evidence, review.district, elsewhere.is_released, review.own_id = review.account_id as is_linked,
    case when review.reason = 'email_shared' then sharing.ids end as sharing
from wanted as review
left join roster.accounts as about on about.id = review.account_id
left join sharing on sharing.organization_id = review.organization_id
    and sharing.clever_email = review.clever_email
left join lateral (
    select count(*) > 0 as is_elsewhere, 
        coalesce(bool_and(other.state = 'disconnected' or other.tier = 'library'), true) as is_released
    from (
        select organization_id from roster.identity_links where account_id = about.id and unlinked_at is null
        union
        select organization_id from roster.org_memberships where account_id = about.id and ended_at is null
    ) as its join roster.organizations as other on other.id = its.organization_id
    where other.id <> review.organization_id
) as elsewhere on true
order by review.district, review.organization_id, review.reason, sharing.ids, review.id
