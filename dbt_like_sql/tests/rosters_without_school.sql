-- What: Rosters of no school, or of one that was never shared.
-- Matters: They belong to no school in the product, so a school's admin does not see them.
-- Resolve: Share the school in Clever.
-- Severity: warn
-- Table: marts.rosters
select section_id
from marts.rosters
where school_id is null
