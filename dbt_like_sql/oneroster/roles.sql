-- The roles of people in their schools as rows of roles.csv. A person without a school has the role in the district. Each
-- person has one role in each place, which is therefore the primary one there.
-- PostgreSQL.
with places as (
    select member.account_id, school.clever_id as place
    from roster.school_memberships as member
    inner join roster.schools as school on school.id = member.school_id
    where school.organization_id = :organization_id and school.archived_at is null and member.ended_at is null
)

select
    concat_ws('-', link.clever_id, coalesce(place.place, :district_id)) as "sourcedId",
    link.clever_id as "userSourcedId",
    'primary' as "roleType",
    case member.role when 'student' then 'student' else 'teacher' end as role,
    coalesce(place.place, :district_id) as "orgSourcedId"
from roster.identity_links as link
inner join roster.org_memberships as member
    on member.account_id = link.account_id and member.organization_id = link.organization_id and member.ended_at is null
left join places as place on place.account_id = link.account_id
where link.organization_id = :organization_id and link.unlinked_at is null
order by "sourcedId"
