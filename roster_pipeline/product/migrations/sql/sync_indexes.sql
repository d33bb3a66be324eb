-- Sensors look for the newest syncs of every district, and for the running syncs, several times a minute.

create index on roster.syncs (organization_id, id);

create index syncs_running on roster.syncs (organization_id) where state = 'running';
