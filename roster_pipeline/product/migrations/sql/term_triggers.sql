-- Write protection of terms and courses (RS009). Every upgrade runs this file.
--
-- File triggers.sql says how a transaction names its writer.

create or replace trigger refuse_update before update on roster.terms for each row
when (
    current_setting('roster.writer', true) is distinct from 'sync'
    and (new.organization_id, new.clever_id, new.name, new.start_date, new.end_date, new.archived_at)
    is distinct from (
        old.organization_id, old.clever_id, old.name, old.start_date, old.end_date, old.archived_at
    )
)
execute function roster.refuse_write(
    'RS009', 'old',
    'a term is read-only', 'R4.12',
    'Change the term in Clever. The next sync applies the change.'
);

create or replace trigger refuse_delete before delete on roster.terms for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'erase'))
execute function roster.refuse_write(
    'RS009', 'old',
    'a term is never deleted', 'R4.12',
    'When the term is gone from Clever, the next sync archives it.'
);

create or replace trigger refuse_truncate before truncate on roster.terms for each statement
execute function roster.refuse_truncate('RS009', 'a term is never deleted', 'R4.12');

create or replace trigger refuse_update before update on roster.courses for each row
when (
    current_setting('roster.writer', true) is distinct from 'sync'
    and (new.organization_id, new.clever_id, new.number, new.name, new.archived_at)
    is distinct from (
        old.organization_id, old.clever_id, old.number, old.name, old.archived_at
    )
)
execute function roster.refuse_write(
    'RS009', 'old',
    'a course is read-only', 'R4.12',
    'Change the course in Clever. The next sync applies the change.'
);

create or replace trigger refuse_delete before delete on roster.courses for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'erase'))
execute function roster.refuse_write(
    'RS009', 'old',
    'a course is never deleted', 'R4.12',
    'When the course is gone from Clever, the next sync archives it.'
);

create or replace trigger refuse_truncate before truncate on roster.courses for each statement
execute function roster.refuse_truncate('RS009', 'a course is never deleted', 'R4.12');
