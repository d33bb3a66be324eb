-- The people who have an email in Clever, blanks around it left out (docs/rules.md, email).
-- The case of letters does not matter; `is_exact` says whether it is the same.
with people as (
    select id, clean_email(email) as email from raw.teachers
    union
    select id, clean_email(email) from raw.students
)

select id as clever_id, bool_or(email = $email) as is_exact
from people
where lower(email) = lower($email)
group by id
order by id
