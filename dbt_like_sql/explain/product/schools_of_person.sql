-- The schools that an account belongs or belonged to in one organization, the primary one first.
select
    school.clever_id as school_id,
    school.name,
    membership.is_primary,
    coalesce(membership.ended_at, school.archived_at) as ended_at
from roster.school_memberships as membership
inner join roster.schools as school on school.id = membership.school_id
where school.organization_id = :organization_id and membership.account_id = :account_id
order by membership.is_primary desc, school.name, school.id
