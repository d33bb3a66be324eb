-- One account, and how its email relates to the one in Clever. No email leaves the database.
select
    id,
    role,
    first_name,
    last_name,
    archived_at,
    case
        when email is null and clever_email is null then 'neither'
        when email is null then 'only Clever'
        when clever_email is null then 'only account'
        when email = clever_email then 'same'
        else 'different'
    end as email
from roster.accounts
where id = :account_id
