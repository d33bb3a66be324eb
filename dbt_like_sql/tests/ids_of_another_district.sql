-- What: People, schools and sections whose Clever id belongs to another district.
-- Matters: Each of these records is rejected alone. The data of the other district is unchanged. In a class, such a member stays pending.
-- Resolve: Ask Clever's support why two districts share one id. If the other district left Clever, contact the operator of this product.
-- Severity: warn
-- Table: intermediate.int_people
select clever_id
from current.foreign_ids
