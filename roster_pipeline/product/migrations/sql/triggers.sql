-- Write protection of what Clever owns. Every upgrade runs this file.
--
-- A transaction of a sync sets roster.writer to 'sync', and a transaction of this program sets it to 'program'
-- (product/database.py). A transaction that erases data sets it to 'erase' (docs/rules.md R6.5 and R6.6). It may delete
-- rows, and it adds none. Each condition looks at the setting first, so that a sync calls no function for its rows. The
-- triggers prevent mistakes, not attacks, because a session that may write the tables may also set roster.writer.
--
-- Each refusal names the row by its ids, the rule and what to do instead. The SQLSTATE belongs to a class of its own:
-- RS001 an account, RS002 a roster, RS003 a member of a roster, RS004 a school, RS005 an identity link, RS007 a
-- membership. File record_triggers.sql has RS006 and RS008, and term_triggers.sql RS009.

-- accounts

create or replace trigger refuse_insert before insert on roster.accounts for each row
when (current_setting('roster.writer', true) is distinct from 'sync' and new.imported_from_clever)
execute function roster.refuse_write(
    'RS001', 'new',
    'only a sync marks an account as imported from Clever', 'R1.6',
    'Leave imported_from_clever false. A sync sets it when it links the person.'
);

create or replace trigger refuse_update before update on roster.accounts for each row
when (
    coalesce(current_setting('roster.writer', true), '') not in ('sync', 'erase')
    and (old.imported_from_clever or new.imported_from_clever)
    and (
        new.first_name, new.last_name, new.email, new.clever_email, new.imported_from_clever, new.role, new.grade,
        new.archived_at
    ) is distinct from (
        old.first_name, old.last_name, old.email, old.clever_email, old.imported_from_clever, old.role, old.grade,
        old.archived_at
    )
)
execute function roster.refuse_write(
    'RS001', 'old',
    'Clever owns the name, the email, the role, the grade, the C icon and the closing of this account', 'R1.6',
    'Change the person in Clever. The next sync applies the change. To make the person an admin, set is_admin of the '
    'membership.'
);

create or replace trigger refuse_delete before delete on roster.accounts for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'erase') and old.imported_from_clever)
execute function roster.refuse_write(
    'RS001', 'old',
    'an account from Clever is never deleted', 'R1.6',
    'Stop sharing the person in Clever. The next sync ends the memberships of the account.'
);

create or replace trigger refuse_truncate before truncate on roster.accounts for each statement
execute function roster.refuse_truncate('RS001', 'an account from Clever is never deleted', 'R1.6');

-- rosters

create or replace trigger refuse_insert before insert on roster.rosters for each row
when (current_setting('roster.writer', true) is distinct from 'sync' and new.source = 'clever')
execute function roster.refuse_write(
    'RS002', 'new',
    'only a sync creates a roster from Clever', 'R4.5',
    'Create the section in Clever, and the next sync adds the roster. Or create a native roster.'
);

create or replace trigger refuse_update before update on roster.rosters for each row
when (
    current_setting('roster.writer', true) is distinct from 'sync'
    and 'clever' in (old.source, new.source)
    and to_jsonb(new) - 'hidden_at' is distinct from to_jsonb(old) - 'hidden_at'
)
execute function roster.refuse_write(
    'RS002', 'old',
    'a roster from Clever is read-only except for hidden_at', 'R4.5',
    'Change the section in Clever. The next sync applies the change. To hide the roster, set hidden_at.'
);

create or replace trigger refuse_delete before delete on roster.rosters for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'erase') and old.source = 'clever')
execute function roster.refuse_write(
    'RS002', 'old',
    'a roster from Clever is never deleted', 'R4.5',
    'Set hidden_at to hide the roster. When the section is gone from Clever, the next sync archives the roster.'
);

create or replace trigger refuse_truncate before truncate on roster.rosters for each statement
execute function roster.refuse_truncate('RS002', 'a roster from Clever is never deleted', 'R4.5');

-- members of rosters

create or replace trigger refuse_new_row before insert or update on roster.roster_teachers for each row
when (current_setting('roster.writer', true) is distinct from 'sync' and roster.is_clever_roster(new.roster_id))
execute function roster.refuse_write(
    'RS003', 'new',
    'the members of a roster from Clever are read-only', 'R4.5',
    'Add the member in Clever, and the next sync applies the change. Or use a native roster.'
);

create or replace trigger refuse_old_row before update or delete on roster.roster_teachers for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'erase') and roster.is_clever_roster(old.roster_id))
execute function roster.refuse_write(
    'RS003', 'old',
    'the members of a roster from Clever are read-only', 'R4.5',
    'Change the members in Clever. The next sync applies the change.'
);

create or replace trigger refuse_truncate before truncate on roster.roster_teachers for each statement
execute function roster.refuse_truncate('RS003', 'the members of a roster from Clever are read-only', 'R4.5');

create or replace trigger refuse_new_row before insert or update on roster.roster_students for each row
when (current_setting('roster.writer', true) is distinct from 'sync' and roster.is_clever_roster(new.roster_id))
execute function roster.refuse_write(
    'RS003', 'new',
    'the members of a roster from Clever are read-only', 'R4.5',
    'Add the member in Clever, and the next sync applies the change. Or use a native roster.'
);

create or replace trigger refuse_old_row before update or delete on roster.roster_students for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'erase') and roster.is_clever_roster(old.roster_id))
execute function roster.refuse_write(
    'RS003', 'old',
    'the members of a roster from Clever are read-only', 'R4.5',
    'Change the members in Clever. The next sync applies the change.'
);

create or replace trigger refuse_truncate before truncate on roster.roster_students for each statement
execute function roster.refuse_truncate('RS003', 'the members of a roster from Clever are read-only', 'R4.5');

create or replace trigger refuse_new_row before insert or update on roster.pending_members for each row
when (current_setting('roster.writer', true) is distinct from 'sync' and roster.is_clever_roster(new.roster_id))
execute function roster.refuse_write(
    'RS003', 'new',
    'the members of a roster from Clever are read-only', 'R4.5',
    'Add the member in Clever, and the next sync applies the change. Or use a native roster.'
);

create or replace trigger refuse_old_row before update or delete on roster.pending_members for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'erase') and roster.is_clever_roster(old.roster_id))
execute function roster.refuse_write(
    'RS003', 'old',
    'the members of a roster from Clever are read-only', 'R4.5',
    'Change the members in Clever. The next sync applies the change.'
);

create or replace trigger refuse_truncate before truncate on roster.pending_members for each statement
execute function roster.refuse_truncate('RS003', 'the members of a roster from Clever are read-only', 'R4.5');

-- schools

create or replace trigger refuse_update before update on roster.schools for each row
when (
    current_setting('roster.writer', true) is distinct from 'sync'
    and (
        new.organization_id, new.clever_id, new.name, new.sis_id, new.nces_id, new.low_grade, new.high_grade,
        new.archived_at
    ) is distinct from (
        old.organization_id, old.clever_id, old.name, old.sis_id, old.nces_id, old.low_grade, old.high_grade,
        old.archived_at
    )
)
execute function roster.refuse_write(
    'RS004', 'old',
    'a school is read-only', 'R3.9',
    'Change the school in Clever. The next sync applies the change.'
);

create or replace trigger refuse_delete before delete on roster.schools for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'erase'))
execute function roster.refuse_write(
    'RS004', 'old',
    'a school is never deleted', 'R3.9',
    'Stop sharing the school in Clever. The next sync archives it.'
);

create or replace trigger refuse_truncate before truncate on roster.schools for each statement
execute function roster.refuse_truncate('RS004', 'a school is never deleted', 'R3.9');

-- identity links. The refusals of changes and deletions hold for syncs too, and not for 'erase'.

create or replace trigger refuse_insert before insert on roster.identity_links for each row
when (current_setting('roster.writer', true) is distinct from 'sync')
execute function roster.refuse_write(
    'RS005', 'new',
    'only a sync links a person', 'R2.22',
    'Give the person and the account the same email, or resolve the review of the person: roster-pipeline resolve.'
);

create or replace trigger refuse_update before update on roster.identity_links for each row
when (
    current_setting('roster.writer', true) is distinct from 'erase'
    and (
        current_setting('roster.writer', true) is distinct from 'sync'
        or roster.link_without_end(to_jsonb(new)) is distinct from roster.link_without_end(to_jsonb(old))
    )
)
execute function roster.refuse_write(
    'RS005', 'old',
    'an identity link is never rewritten, and only a sync ends one', 'R2.22',
    'End the link and add another one.'
);

create or replace trigger refuse_delete before delete on roster.identity_links for each row
when (current_setting('roster.writer', true) is distinct from 'erase')
execute function roster.refuse_write(
    'RS005', 'old',
    'an identity link is never erased', 'R2.22',
    'End the link. Its row stays.'
);

create or replace trigger refuse_truncate before truncate on roster.identity_links for each statement
execute function roster.refuse_truncate('RS005', 'an identity link is never erased', 'R2.22');

-- memberships

create or replace trigger refuse_insert before insert on roster.org_memberships for each row
when (current_setting('roster.writer', true) is distinct from 'sync' and new.source = 'clever')
execute function roster.refuse_write(
    'RS007', 'new',
    'only a sync creates a membership of source clever', 'R3.9',
    'Share the person in Clever, and the next sync adds the membership. Or create it with source native.'
);

create or replace trigger refuse_update before update on roster.org_memberships for each row
when (
    current_setting('roster.writer', true) is distinct from 'sync'
    and 'clever' in (old.source, new.source)
    and to_jsonb(new) - array['verified_at', 'is_admin', 'admin_scope']
    is distinct from to_jsonb(old) - array['verified_at', 'is_admin', 'admin_scope']
)
execute function roster.refuse_write(
    'RS007', 'old',
    'a membership of source clever is read-only except for verified_at, is_admin and admin_scope', 'R3.9',
    'Change the person in Clever. The next sync applies the change.'
);

create or replace trigger refuse_delete before delete on roster.org_memberships for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'erase') and old.source = 'clever')
execute function roster.refuse_write(
    'RS007', 'old',
    'a membership of source clever is never deleted', 'R3.9',
    'Stop sharing the person in Clever. The next sync ends the membership.'
);

create or replace trigger refuse_truncate before truncate on roster.org_memberships for each statement
execute function roster.refuse_truncate('RS007', 'a membership of source clever is never deleted', 'R3.9');

create or replace trigger refuse_insert before insert on roster.school_memberships for each row
when (current_setting('roster.writer', true) is distinct from 'sync' and new.source = 'clever')
execute function roster.refuse_write(
    'RS007', 'new',
    'only a sync creates a membership of source clever', 'R3.9',
    'Share the person in Clever, and the next sync adds the membership. Or create it with source native.'
);

create or replace trigger refuse_update before update on roster.school_memberships for each row
when (
    current_setting('roster.writer', true) is distinct from 'sync'
    and 'clever' in (old.source, new.source)
    and new is distinct from old
)
execute function roster.refuse_write(
    'RS007', 'old',
    'a membership of source clever is read-only', 'R3.9',
    'Change the person in Clever. The next sync applies the change.'
);

create or replace trigger refuse_delete before delete on roster.school_memberships for each row
when (coalesce(current_setting('roster.writer', true), '') not in ('sync', 'erase') and old.source = 'clever')
execute function roster.refuse_write(
    'RS007', 'old',
    'a membership of source clever is never deleted', 'R3.9',
    'Stop sharing the person in Clever. The next sync ends the membership.'
);

create or replace trigger refuse_truncate before truncate on roster.school_memberships for each statement
execute function roster.refuse_truncate('RS007', 'a membership of source clever is never deleted', 'R3.9');

-- A sync makes no admin. A former admin whose membership a sync restores is no admin (docs/rules.md R3.10). The role of
-- the sync may not write is_admin, so a trigger clears it.

create or replace trigger clear_is_admin before update on roster.org_memberships for each row
when (
    current_setting('roster.writer', true) = 'sync'
    and old.ended_at is not null and new.ended_at is null and new.is_admin
)
execute function roster.clear_is_admin();

-- The undo of such a return ends the membership and sets is_admin again. The undo lists the accounts in
-- roster.ex_admins.

create or replace trigger restore_is_admin before update on roster.org_memberships for each row
when (
    current_setting('roster.writer', true) = 'sync'
    and old.ended_at is null and new.ended_at is not null
    and old.account_id::text = any(string_to_array(current_setting('roster.ex_admins', true), ' '))
)
execute function roster.restore_is_admin();
