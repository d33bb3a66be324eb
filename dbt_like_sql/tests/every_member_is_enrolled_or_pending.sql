-- What: Members of a section who are neither enrolled in its roster nor pending, or who are there twice.
-- Matters: A student would be missing from a class without a trace.
-- Resolve: This is an internal error and nothing was published. Report the ids.
-- Severity: error
-- Table: marts.roster_students
with placed as (
    select section_id, clever_id, 'teacher' as role from marts.roster_teachers
    union all
    select section_id, clever_id, 'student' as role from marts.roster_students
    union all
    select section_id, clever_id, role from marts.pending_members
)

select member.clever_id
from intermediate.int_section_members as member
left join placed using (section_id, clever_id, role)
where member.finding is null
group by member.section_id, member.clever_id, member.role
having count(placed.clever_id) <> 1
