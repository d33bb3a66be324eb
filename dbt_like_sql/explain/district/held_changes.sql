-- The held changes of one person or one class. The parameter of the other kind is NULL.
with every_change as (
    select 'accounts' as entity, * from changes.accounts
    union all by name
    select 'identity_links' as entity, * from changes.identity_links
    union all by name
    select 'org_memberships' as entity, * from changes.org_memberships
    union all by name
    select 'school_memberships' as entity, * from changes.school_memberships
    union all by name
    select 'rosters' as entity, * from changes.rosters
    union all by name
    select 'roster_teachers' as entity, * from changes.roster_teachers
    union all by name
    select 'roster_students' as entity, * from changes.roster_students
    union all by name
    select 'pending_members' as entity, * from changes.pending_members
    union all by name
    select 'reviews' as entity, * from changes.reviews
)

select entity, op, school_id, section_id, clever_id
from every_change
where held and (clever_id = $person_id or section_id = $section_id)
order by all
