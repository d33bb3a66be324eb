-- The schools that a person belongs to and that the district does not share.
select school_id
from (select unnest(school_ids) as school_id from intermediate.int_identities where clever_id = $clever_id)
where school_id not in (select school_id from staging.stg_schools)
order by school_id
