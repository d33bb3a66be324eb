-- People who may enter or leave the classes that list them, though the classes themselves did not change.
-- DuckDB.
select id from affected.changed where resource in ('teachers', 'students') and was_there <> is_there
union
-- A person in quarantine counts as absent and may come out of it.
select id from affected.changed semi join warehouse.quarantine.records on clever_id = id
union
-- A Clever id that may have passed to another person, or back, opens or closes places in classes.
select now.id
from (from events.teachers union all by name from events.students) as now
join warehouse.intermediate.int_people as known on known.clever_id = now.id
where now.name.first is distinct from known.first_name and now.name.last is distinct from known.last_name
union
select changed.id
from affected.changed as changed
join warehouse.intermediate.int_identities as identity on identity.clever_id = changed.id
where identity.is_recycled
