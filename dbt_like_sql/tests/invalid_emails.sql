-- What: People whose email in Clever is no email address.
-- Matters: They have an account and their classes, but cannot be matched to an account they already have.
-- Resolve: Put the address right in the student information system.
-- Severity: warn
-- Table: intermediate.int_people
select clever_id
from intermediate.int_people
where email is not null and not email_is_valid
