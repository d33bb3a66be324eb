-- What: People whose identity somebody has to look at.
-- Matters: They are in their classes, but the account they already had may not be the one they use.
-- Resolve: See the open reviews, and correct the address in Clever or decide the review.
-- Severity: warn
-- Table: marts.reviews
select clever_id
from marts.reviews
