-- The sensor of the snapshot looks for the newest end of a sync every few seconds.

create index syncs_by_end on roster.syncs (finished_at);
