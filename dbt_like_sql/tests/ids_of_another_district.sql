-- What: People, schools and sections whose Clever id belongs to another district.
-- Matters: Each of these records is rejected alone. Nothing of the other district is changed, and a class waits for such a member.
-- Resolve: Ask Clever's support why two districts share one id. If the other district left Clever, ask who runs the product.
-- Severity: warn
-- Table: intermediate.int_people
select clever_id
from current.foreign_ids
