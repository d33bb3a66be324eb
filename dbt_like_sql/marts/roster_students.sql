-- All who learn in a roster, whichever school they belong to; a teacher among the students does not (R4.14).
select
    section_id,
    clever_id,
    account_id
from intermediate.int_section_members
where role = 'student' and not is_pending and finding is null
