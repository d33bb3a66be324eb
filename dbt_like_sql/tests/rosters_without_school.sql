-- What: Rosters without a school, or of a school that was never shared.
-- Matters: They belong to no school in the product, so the admin of a school does not see them.
-- Resolve: Share the school in Clever.
-- Severity: warn
-- Table: marts.rosters
select section_id
from marts.rosters
where school_id is null
