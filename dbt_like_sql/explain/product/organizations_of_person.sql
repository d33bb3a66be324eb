-- The organizations that know a person by this Clever id.
select organization_id from roster.identity_links where clever_id = :clever_id
union
select organization_id from roster.reviews where clever_id = :clever_id
union
select roster.organization_id
from roster.pending_members as pending
inner join roster.rosters as roster on roster.id = pending.roster_id
where pending.clever_id = :clever_id
