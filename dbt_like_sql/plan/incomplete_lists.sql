-- Lists that do not pass the completeness check, so that absence from them proves nothing (docs/rules.md R5.3). A list is
-- incomplete if no row of it reaches the desired state while the product has rows from it, or if a record in quarantine has
-- no usable Clever id.
with product_rows as (
    select 'schools' as resource from current.schools where not is_ended and not is_native
    union all
    select role || 's' as resource from current.org_memberships where not is_ended and not is_native
    union all
    select 'sections' as resource from current.rosters where not is_ended and not is_native
    union all
    select 'terms' as resource from current.terms where not is_ended
    union all
    select 'courses' as resource from current.courses where not is_ended
),

feed_rows as (
    select 'schools' as resource from marts.schools
    union all
    select role || 's' as resource from marts.org_memberships
    union all
    select 'sections' as resource from marts.rosters
    union all
    select 'terms' as resource from marts.terms
    union all
    select 'courses' as resource from marts.courses
)

select resource
from product_rows
anti join feed_rows using (resource)
where resource in ('schools', 'teachers', 'students', 'sections', 'terms', 'courses')
union
select resource
from quarantine.records
where clever_id is null
