-- Desired teachers of each roster. The first teacher of the section is primary. A student among the teachers does not
-- teach (docs/rules.md R4.13).
select
    section_id,
    clever_id,
    account_id,
    is_primary
from intermediate.int_section_members
where role = 'teacher' and not is_pending and finding is null
