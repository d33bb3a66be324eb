-- Changes that are held with a crossed threshold (docs/rules.md R5.13): the removals of its part, in the classes or
-- schools that crossed it or in the whole district. A class that would end is held with the
-- removals of members that the crossed part counts.
select
    change.entity,
    change.change_id
from plan.holdable_changes as change
inner join plan.crossed_thresholds as crossed
    on crossed.unit is null
    or crossed.unit = if(crossed.reason = 'class_removals', change.section_id, change.school_id)
where not change.is_held
    and case crossed.part
        when 'schools' then change.is_school_ending
        when 'rosters' then change.is_roster_ending
        when 'students' then change.role = 'student' and (change.entity = 'org_memberships' or change.is_person_gone)
        when 'teachers' then change.role = 'teacher' and (change.entity = 'org_memberships' or change.is_person_gone)
        when 'students_in_schools' then change.part = crossed.part
        when 'teachers_in_schools' then change.part = crossed.part
        when 'names_and_emails' then change.entity = 'accounts'
        when 'enrollments' then
            change.part = crossed.part and (change.is_person_gone or not crossed.is_gone_only)
            or not crossed.is_gone_only and (
                change.entity = 'pending_members' and change.role = 'student'
                or change.is_roster_ending and change.has_students_leaving
            )
        when 'class_teachers' then
            change.part = crossed.part and (change.is_person_gone or not crossed.is_gone_only)
            or not crossed.is_gone_only and (
                change.entity = 'pending_members' and change.role = 'teacher'
                or change.is_roster_ending and change.has_teachers_leaving
            )
    end
