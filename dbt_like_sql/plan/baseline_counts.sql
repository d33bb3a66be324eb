-- Rows of each part in the whole district before the plan: what the shares of the district thresholds are shares of.
with baseline_rows as (
    select 'schools' as part, is_ended, is_native from baseline.schools
    union all
    select 'rosters' as part, is_ended, is_native from baseline.rosters
    union all
    select role || 's' as part, is_ended, is_native from baseline.org_memberships
    union all
    select role || 's_in_schools' as part, is_ended, is_native from baseline.school_memberships
    union all
    select 'enrollments' as part, is_ended, is_native from baseline.roster_students
    union all
    select 'class_teachers' as part, is_ended, is_native from baseline.roster_teachers
    union all
    -- Everyone whose name or email Clever has, a native membership included.
    select 'names_and_emails' as part, is_ended, false as is_native
    from baseline.org_memberships
    where clever_id is not null
)

select
    part,
    count(*) as row_count
from baseline_rows
where not is_ended and not is_native
group by part
