-- The organizations that know a class by this Clever id.
select organization_id from roster.rosters where clever_id = :clever_id
