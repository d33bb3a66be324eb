"""List what write protection refuses by table, with the code and the rule of the refusal, and what it allows.

`:person` is a Clever-managed student, `:clever` a class of theirs, `:school` its school; `:native` and `:native_person`
are the product's own.
"""

WHO, CLASSES, PLACES = "R1.6", "R4.5", "R3.9"
REFUSED = {
    "accounts": (
        ("RS001", WHO),
        "update roster.accounts set first_name = 'Other' where id = :person",
        "update roster.accounts set last_name = null where id = :person",
        "update roster.accounts set email = 'other@example.org' where id = :person",
        "update roster.accounts set clever_email = null where id = :person",
        "update roster.accounts set grade = 'Other' where id = :person",
        "update roster.accounts set imported_from_clever = false where id = :person",
        "update roster.accounts set archived_at = now(), last_name = 'Other' where id = :person",
        "update roster.accounts set role = 'admin' where id = :person",
        "update roster.accounts set archived_at = now() where id = :person",
        "delete from roster.accounts where id = :person",
        "insert into roster.accounts (role, imported_from_clever) values ('student', true)",
        "update roster.accounts set imported_from_clever = true where id = :native_person",
        "insert into roster.accounts (email, role) values ('xanthippe.v@example.org', 'student') "
        "on conflict (email) do update set first_name = 'Other'",
    ),
    "rosters": (
        ("RS002", CLASSES),
        "update roster.rosters set name = 'Other' where id = :clever",
        "update roster.rosters set school_id = null where id = :clever",
        "update roster.rosters set term_id = null where id = :clever",
        "update roster.rosters set course_id = null where id = :clever",
        "update roster.rosters set hidden_at = now(), archived_at = now() where id = :clever",
        "update roster.rosters set source = 'native', clever_id = null where id = :clever",
        "update roster.rosters set source = 'clever', clever_id = 'own' where id = :native",
        "insert into roster.rosters (organization_id, name, source, clever_id) "
        "select id, 'Own', 'clever', 'own' from roster.organizations",
        "delete from roster.rosters where id = :clever",
    ),
    **{
        f"roster_{role}s": (
            ("RS003", CLASSES),
            f"insert into roster.roster_{role}s (roster_id, account_id) values (:clever, :native_person)",
            f"insert into roster.roster_{role}s (roster_id, account_id) values (:clever, :person) "
            "on conflict do nothing",
            f"update roster.roster_{role}s set ended_at = now() where roster_id = :clever",
            f"update roster.roster_{role}s set roster_id = :clever where roster_id = :native",
            f"update roster.roster_{role}s set roster_id = :native where roster_id = :clever",
            f"delete from roster.roster_{role}s where roster_id = :clever",
        )
        for role in ("teacher", "student")
    },
    "pending_members": (
        ("RS003", CLASSES),
        "insert into roster.pending_members (roster_id, clever_id, role) values (:clever, 'other', 'student')",
        "update roster.pending_members set role = 'teacher' where roster_id = :clever",
        "update roster.pending_members set roster_id = :native where roster_id = :clever",
        "delete from roster.pending_members where roster_id = :clever",
    ),
    "schools": (
        ("RS004", PLACES),
        *(
            f"update roster.schools set {column} = 'other' where id = :school"
            for column in ("name", "sis_id", "nces_id", "low_grade", "high_grade", "clever_id")
        ),
        "update roster.schools set archived_at = now() where id = :school",
        "update roster.schools set organization_id = 0 where id = :school",
        "delete from roster.schools where id = :school",
    ),
    **{
        table: (
            ("RS009", "R4.12"),
            *(f"update roster.{table} set {column} = {other}" for column, other in columns),
            f"update roster.{table} set archived_at = now(), organization_id = 0, clever_id = 'other'",
            f"delete from roster.{table}",
        )
        for table, columns in (
            ("terms", (("name", "'Other'"), ("start_date", "'2001-01-01'"), ("end_date", "null"))),
            ("courses", (("name", "'Other'"), ("number", "null"))),
        )
    },
    "identity_links": (
        ("RS005", "R2.22"),
        "update roster.identity_links set unlinked_at = now() where account_id = :person",
        "update roster.identity_links set account_id = :native_person where account_id = :person",
        "delete from roster.identity_links where account_id = :person",
        "insert into roster.identity_links (organization_id, clever_id, account_id, rule) "
        "select id, 'other', :native_person, 'email' from roster.organizations",
    ),
}
OWN_ORGANIZATION = "select id, :native_person, 'teacher', 'clever' from roster.organizations"
REFUSED |= {
    "org_memberships": (
        ("RS007", PLACES),
        *(
            f"update roster.org_memberships set {change} where account_id = :person"
            for change in (
                "role = 'admin'",
                "source = 'native'",
                "ended_at = now()",
                "account_id = :native_person",
                "ended_at = now(), is_admin = true",
            )
        ),
        "delete from roster.org_memberships where account_id = :person",
        f"insert into roster.org_memberships (organization_id, account_id, role, source) {OWN_ORGANIZATION}",
        "insert into roster.org_memberships (organization_id, account_id, role) "
        "select organization_id, account_id, 'teacher' from roster.org_memberships where account_id = :person "
        "on conflict (organization_id, account_id) do update set role = 'teacher'",
    ),
    "school_memberships": (
        ("RS007", PLACES),
        *(
            f"update roster.school_memberships set {change} where account_id = :person"
            for change in ("role = 'teacher'", "source = 'native'", "ended_at = now()", "is_primary = not is_primary")
        ),
        "delete from roster.school_memberships where account_id = :person",
        "insert into roster.school_memberships (school_id, account_id, role, source) "
        "values (:school, :native_person, 'teacher', 'clever')",
    ),
    "changes": (
        ("RS006", "R5.18"),
        "insert into roster.changes (sync_id, entity, key, op, before, after) "
        "select sync_id, entity, key, 'update', before, after from roster.changes limit 1",
    ),
    "syncs": (
        ("RS008", "R5.18"),
        "insert into roster.syncs (organization_id, mode, trigger, state) "
        "select id, 'undo', 'cli', 'published' from roster.organizations",
        "update roster.syncs set state = 'undone'",
        "delete from roster.syncs",
    ),
    "holds": (
        ("RS008", "R5.15"),
        "insert into roster.holds (sync_id, organization_id, plan_digest, reason, state) "
        "select id, organization_id, 'f', 'district_removals', 'approved' from roster.syncs",
        "update roster.holds set state = 'approved'",
        "delete from roster.holds",
    ),
    "reviews": (
        ("RS008", "R2.21"),
        "insert into roster.reviews (organization_id, clever_id, reason, state, decision) "
        "select id, 'f', 'email_shared', 'resolved', 'create' from roster.organizations",
        "update roster.reviews set state = 'resolved', decision = 'create'",
        "delete from roster.reviews",
    ),
}
BY_NOBODY = {
    "identity_links": (
        ("RS005", "R2.22"),
        "delete from roster.identity_links where account_id = :person",
        "update roster.identity_links set rule = 'email' where account_id = :person",
        'update roster.identity_links set evidence = \'{"by": "hand"}\', unlinked_at = now() '
        "where account_id = :person",
    ),
    "changes": (
        ("RS006", "R5.18"),
        "update roster.changes set after = null where sync_id > 0",
        "delete from roster.changes where sync_id > 0",
    ),
}
EMPTIED = {table: codes for table, (codes, *_) in REFUSED.items()}
ALLOWED = {
    "a class is hidden and shown": (
        "update roster.rosters set hidden_at = now() where id = :clever",
        "update roster.rosters set hidden_at = null where id = :clever",
    ),
    "a person is made an admin and verified": (
        "update roster.org_memberships set is_admin = true, verified_at = now() where account_id = :person",
    ),
    "a native account is made an admin and closed": (
        "update roster.accounts set role = 'admin', archived_at = now() where id = :native_person",
    ),
    "a native membership is made, changed and deleted": (
        "insert into roster.org_memberships (organization_id, account_id, role) "
        "select id, :native_person, 'teacher' from roster.organizations",
        "insert into roster.school_memberships (school_id, account_id, role) "
        "values (:school, :native_person, 'teacher')",
        "update roster.org_memberships set role = 'admin', ended_at = now() where account_id = :native_person",
        "update roster.school_memberships set is_primary = true where account_id = :native_person",
        "delete from roster.school_memberships where account_id = :native_person",
        "delete from roster.org_memberships where account_id = :native_person",
    ),
    "Clever's people join and leave a native roster, and it is deleted": (
        "insert into roster.roster_teachers (roster_id, account_id, is_primary) values (:native, :native_person, true)",
        "insert into roster.roster_students (roster_id, account_id) values (:native, :person)",
        "update roster.roster_students set ended_at = now() where roster_id = :native and account_id = :person",
        "update roster.rosters set name = 'Other', archived_at = now() where id = :native",
        "delete from roster.roster_students where roster_id = :native",
        "delete from roster.roster_teachers where roster_id = :native",
        "delete from roster.rosters where id = :native",
    ),
    "a native account is renamed and deleted": (
        "update roster.accounts set first_name = 'Other', email = 'other@example.org' where id = :native_person",
        "delete from roster.accounts where id = :native_person",
    ),
}
