-- Clever ids of the feed that belong to another district, and nothing else of that district.
-- PostgreSQL. Temporary table `new_ids` holds the result of `new_ids.sql`.
select resource, clever_id, false as is_ended, false as is_native, null::text as version
from roster.ids_of_other_districts(
    %(organization_id)s,
    array(select clever_id from new_ids where resource = 'people'),
    array(select clever_id from new_ids where resource = 'schools'),
    array(select clever_id from new_ids where resource = 'sections')
)
