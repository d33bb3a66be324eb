-- The people whom Clever shares as rows of users.csv, for both versions. An admin who teaches is a teacher. The first
-- school is the main one. A person without a school has the district.
-- PostgreSQL.
with places as (
    select
        member.account_id,
        string_agg(school.clever_id, ',' order by member.is_primary desc, school.clever_id) as schools,
        max(school.clever_id) filter (where member.is_primary) as main_school
    from roster.school_memberships as member
    inner join roster.schools as school on school.id = member.school_id
    where school.organization_id = :organization_id and school.archived_at is null and member.ended_at is null
    group by member.account_id
)

select
    link.clever_id as "sourcedId",
    'true' as "enabledUser",
    coalesce(place.schools, :district_id) as "orgSourcedIds",
    case member.role when 'student' then 'student' else 'teacher' end as role,
    link.clever_id as username,
    coalesce(nullif(account.first_name, ''), '-') as "givenName",
    coalesce(nullif(account.last_name, ''), '-') as "familyName",
    account.clever_email as email,
    account.grade as grades,
    coalesce(place.main_school, :district_id) as "primaryOrgSourcedId",
    nullif(concat_ws(
        ' ',
        case when coalesce(account.first_name, '') = '' then 'givenName' end,
        case when coalesce(account.last_name, '') = '' then 'familyName' end,
        case when place.main_school is null then 'primaryOrgSourcedId' end
    ), '') as made
from roster.identity_links as link
inner join roster.org_memberships as member
    on member.account_id = link.account_id and member.organization_id = link.organization_id and member.ended_at is null
inner join roster.accounts as account on account.id = link.account_id
left join places as place on place.account_id = link.account_id
where link.organization_id = :organization_id and link.unlinked_at is null
order by "sourcedId"
