-- What: People whose email in Clever is not a valid email.
-- Matters: They have an account and their classes, but cannot be matched to an existing account by email.
-- Resolve: Correct the email in the student information system.
-- Severity: warn
-- Table: intermediate.int_people
select clever_id
from intermediate.int_people
where email is not null and not email_is_valid
