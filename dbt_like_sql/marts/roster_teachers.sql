-- All who teach a roster; the section's first teacher is primary. A student among the teachers does not (R4.13).
select
    section_id,
    clever_id,
    account_id,
    is_primary
from intermediate.int_section_members
where role = 'teacher' and not is_pending and finding is null
