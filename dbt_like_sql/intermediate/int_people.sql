-- People who get an account, one row each. A person with several roles is a teacher if one of them is teacher
-- (docs/rules.md R1.1). Staff, admins and contacts get no account.
with everyone as (
    select 'teacher' as role, *, null::varchar as grade from staging.stg_teachers
    union all by name
    select 'student' as role, * from staging.stg_students
),

people as (
    select
        clever_id,
        role,
        sis_id,
        first_name,
        last_name,
        email,
        grade,
        school_id,
        list_sort(list_distinct(flatten(list(school_ids) over (partition by clever_id)))) as school_ids,
        is_valid_email(email) as email_is_valid
    from everyone
    qualify row_number() over (partition by clever_id order by role desc) = 1
)

select
    *,
    clever_id in (select clever_id from intermediate.int_partially_read) as is_partially_read,
    -- The number of people with this email. More than one is the contradiction *email_shared*.
    if(email is null, 0, count(*) over (partition by email)) as email_carriers
from people
