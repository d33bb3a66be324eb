-- Records of which a field could not be read because of its type. Nobody knows what the field says, so what the product
-- has of it stays.
select distinct
    resource,
    clever_id
from raw.rejected
where not whole_record and clever_id is not null
