-- What: People whose identity needs a review.
-- Matters: They are in their classes, but their account may not be the one that they used before.
-- Resolve: List the reviews with roster-pipeline reviews. Decide each one with roster-pipeline resolve, or correct the email in Clever.
-- Severity: warn
-- Table: marts.reviews
select clever_id
from marts.reviews
