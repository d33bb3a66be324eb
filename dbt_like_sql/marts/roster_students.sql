-- Desired students of each roster, from any school. A teacher among the students is not enrolled (docs/rules.md R4.14).
select
    section_id,
    clever_id,
    account_id
from intermediate.int_section_members
where role = 'student' and not is_pending and finding is null
