-- The held changes of one person or one class; the parameter of the other one is NULL.
with held as (
    select 'accounts' as entity, op, null as school_id, null as section_id, clever_id
    from changes.accounts where held
    union all
    select 'identity_links', op, null, null, clever_id from changes.identity_links where held
    union all
    select 'org_memberships', op, null, null, clever_id from changes.org_memberships where held
    union all
    select 'school_memberships', op, school_id, null, clever_id from changes.school_memberships where held
    union all
    select 'rosters', op, school_id, section_id, null from changes.rosters where held
    union all
    select 'roster_teachers', op, null, section_id, clever_id from changes.roster_teachers where held
    union all
    select 'roster_students', op, null, section_id, clever_id from changes.roster_students where held
    union all
    select 'pending_members', op, null, section_id, clever_id from changes.pending_members where held
    union all
    select 'reviews', op, null, null, clever_id from changes.reviews where held
)

select entity, op, school_id, section_id, clever_id
from held
where clever_id = $person_id or section_id = $section_id
order by all
