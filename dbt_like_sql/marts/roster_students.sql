-- All who learn in a roster, whichever school they belong to.
select
    section_id,
    clever_id,
    account_id
from intermediate.int_section_members
where role = 'student' and not is_parked
