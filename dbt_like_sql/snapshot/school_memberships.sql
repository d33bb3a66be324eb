-- People in schools that are not archived. A person without a class has a school too.
-- PostgreSQL. A version is valid while the versions that it is made from are.
select
    touched.organization_id,
    touched.school_id,
    touched.account_id,
    link.clever_id,
    membership.role,
    membership.is_primary,
    greatest(membership.valid_from, school.valid_from, link.valid_from) as valid_from,
    least(membership.valid_to, school.valid_to, link.valid_to) as valid_to
from touched_school_memberships as touched
join schools_versions as school
    on school.clever_id = touched.school_id
    and school.organization_id = touched.organization_id
join school_memberships_versions as membership
    on membership.school_id = school.id
    and membership.account_id = touched.account_id
join identity_links_versions as link
    on link.account_id = touched.account_id
    and link.organization_id = touched.organization_id
where
    school.archived_at is null
    and membership.source = 'clever'
    and membership.ended_at is null
    and link.unlinked_at is null
    and greatest(membership.valid_from, school.valid_from, link.valid_from)
    < least(membership.valid_to, school.valid_to, link.valid_to)
