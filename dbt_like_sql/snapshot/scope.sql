-- The districts of the snapshot, each with its newest sync that the file has. `last` is null where the file does not
-- have the district, or has a sync that the product does not know. Such a district is read as a whole. `last_end` is the
-- latest end of a sync of the district in the file.
-- PostgreSQL. A restored database uses the same number for another sync, and a sync that ran during the backup has
-- another end there. A failed sync that is continued gets another end too. Clever Library is no district.
select
    organization.id as organization_id,
    organization.clever_district_id as district_id,
    last.id as last,
    known.last_end
from roster.organizations as organization
left join known_syncs as known on known.district_id = organization.clever_district_id
left join roster.syncs as last
    on last.id = known.id
    and last.uid::text = known.uid
    and (last.finished_at = known.finished_at or known.state in ('failed', 'canceled'))
    and last.organization_id = organization.id
where
    organization.tier <> 'library'
    and exists (
        select from roster.syncs where organization_id = organization.id and state <> 'running'
    )
