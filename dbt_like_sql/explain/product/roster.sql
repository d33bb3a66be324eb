-- The roster of a Clever section in one organization, with its school.
select
    roster.id,
    roster.name,
    school.clever_id as school_id,
    school.name as school_name,
    roster.hidden_at,
    roster.archived_at
from roster.rosters as roster
left join roster.schools as school on school.id = roster.school_id
where roster.organization_id = :organization_id and roster.clever_id = :clever_id
