-- Write protection of the journal (RS006) and of the records of syncs (RS008). Every upgrade runs this file.
--
-- File triggers.sql says how a transaction names its writer.

-- the journal. The refusals of changes and deletions hold for syncs too, and not for 'erase'.

create or replace trigger refuse_insert before insert on roster.changes for each row
when (current_setting('roster.writer', true) is distinct from 'sync')
execute function roster.refuse_write(
    'RS006', 'new',
    'only a sync writes the journal', 'R5.18',
    'Write the row itself. Rows that are not from Clever need no journal.'
);

create or replace trigger refuse_change before update or delete on roster.changes for each row
when (current_setting('roster.writer', true) is distinct from 'erase')
execute function roster.refuse_write(
    'RS006', 'old',
    'the journal is never rewritten', 'R5.18',
    'Undo the sync. The undo adds rows of its own to the journal.'
);

create or replace trigger refuse_truncate before truncate on roster.changes for each statement
execute function roster.refuse_truncate('RS006', 'the journal is never rewritten', 'R5.18');

-- records of syncs. Undo and approve trust them, so a forged row would be written into the product.

create or replace trigger refuse_insert before insert on roster.syncs for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'program'))
execute function roster.refuse_write(
    'RS008', 'new',
    'only roster-pipeline writes the record of syncs', 'R5.18',
    'To start a sync, add a row to refresh_requests, or run: roster-pipeline sync'
);

create or replace trigger refuse_change before update or delete on roster.syncs for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'program', 'erase'))
execute function roster.refuse_write(
    'RS008', 'old',
    'only roster-pipeline writes the record of syncs', 'R5.18',
    'To start a sync, add a row to refresh_requests, or run: roster-pipeline sync'
);

create or replace trigger refuse_truncate before truncate on roster.syncs for each statement
execute function roster.refuse_truncate('RS008', 'only roster-pipeline writes the record of syncs', 'R5.18');

create or replace trigger refuse_insert before insert on roster.holds for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'program'))
execute function roster.refuse_write(
    'RS008', 'new',
    'only roster-pipeline writes holds and the decisions on them', 'R5.15',
    'To decide, run: roster-pipeline approve PLAN, or: roster-pipeline reject PLAN'
);

create or replace trigger refuse_change before update or delete on roster.holds for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'program', 'erase'))
execute function roster.refuse_write(
    'RS008', 'old',
    'only roster-pipeline writes holds and the decisions on them', 'R5.15',
    'To decide, run: roster-pipeline approve PLAN, or: roster-pipeline reject PLAN'
);

create or replace trigger refuse_truncate before truncate on roster.holds for each statement
execute function roster.refuse_truncate(
    'RS008', 'only roster-pipeline writes holds and the decisions on them', 'R5.15'
);

create or replace trigger refuse_insert before insert on roster.reviews for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'program'))
execute function roster.refuse_write(
    'RS008', 'new',
    'only roster-pipeline writes reviews and the decisions on them', 'R2.21',
    'To decide, run: roster-pipeline resolve REVIEW'
);

create or replace trigger refuse_change before update or delete on roster.reviews for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'program', 'erase'))
execute function roster.refuse_write(
    'RS008', 'old',
    'only roster-pipeline writes reviews and the decisions on them', 'R2.21',
    'To decide, run: roster-pipeline resolve REVIEW'
);

create or replace trigger refuse_truncate before truncate on roster.reviews for each statement
execute function roster.refuse_truncate(
    'RS008', 'only roster-pipeline writes reviews and the decisions on them', 'R2.21'
);
