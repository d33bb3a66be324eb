"""The roles of the product database, table by table: which rows of two districts they see and may write."""

from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.product.database import transaction, write_as_sync
from roster_pipeline.publish.table_mappings import TARGETS
from roster_pipeline.publish.writer import write_rows
from roster_pipeline_tests.support.readers import difference, execute, published, query, row_versions, tables
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.walls import (
    acting_as,
    districts,  # noqa: F401 - fixtures
    refusal,
)

OF_ROSTER = "(select organization_id from roster.rosters where id = roster_id)"
ORGANIZATION_OF = {
    "organizations": "id",
    **dict.fromkeys(
        ("schools", "terms", "courses", "identity_links", "org_memberships", "rosters", "reviews", "syncs"),
        "organization_id",
    ),
    "accounts": "(select organization_id from roster.org_memberships where account_id = accounts.id)",
    "school_memberships": "(select organization_id from roster.schools where id = school_id)",
    **dict.fromkeys(("roster_teachers", "roster_students", "pending_members"), OF_ROSTER),
}
"""Whose a row is, as SQL; each account here is a member of one organization, or of none."""
WRITTEN = {name: target.changed or ("role",) for name, target in TARGETS.items()}
"""What the writer may change; of pending members a column only because a row is locked before it is deleted."""
READ = sorted(set(ORGANIZATION_OF) - {"pending_members", "reviews"})
INTO_ANOTHER = {
    "schools": "(organization_id, clever_id, name) values (:organization, 'new', 'New')",
    "terms": "(organization_id, clever_id) values (:organization, 'new')",
    "courses": "(organization_id, clever_id) values (:organization, 'new')",
    "identity_links": "(clever_id, account_id, organization_id, rule) "
    "values ('new', :own_account, :organization, 'email')",
    "org_memberships": "(organization_id, account_id, role) values (:organization, :own_account, 'student')",
    "school_memberships": "(school_id, account_id, role) values (:school, :own_account, 'student')",
    "rosters": "(organization_id, clever_id, source, name) values (:organization, 'new', 'clever', 'New')",
    "roster_teachers": "(roster_id, account_id) values (:roster, :own_account)",
    "roster_students": "(roster_id, account_id) values (:roster, :own_account)",
    "pending_members": "(roster_id, clever_id, role) values (:roster, 'new', 'student')",
    "reviews": "(organization_id, clever_id, reason) values (:organization, 'new', 'email_shared')",
    "changes": "(sync_id, entity, key, op) values (:sync, 'rosters', '{}', 'insert')",
}
FORBIDDEN = {
    "roster_writer": (
        *(f"delete from roster.{name}" for name in (*TARGETS, "changes") if name != "pending_members"),
        *(f"truncate roster.{name} cascade" for name in TARGETS),
        *(f"alter table roster.{name} disable row level security" for name in TARGETS),
        "create table roster.own (id int)",
        "drop policy tenant_isolation on roster.rosters",
        "alter table roster.rosters disable trigger all",
        "select * from roster.alembic_version",
        "update roster.alembic_version set version_num = '0000'",
        "select * from roster.changes",
        "update roster.changes set op = 'insert'",
        "update roster.rosters set hidden_at = now()",
        "update roster.org_memberships set is_admin = true",
        "update roster.org_memberships set verified_at = now()",
        *(f"select * from roster.{name}" for name in ("organizations", "syncs", "holds", "refresh_requests")),
        "update roster.organizations set state = 'paused'",
    ),
    "roster_reader": (
        *(f"insert into roster.{name} default values" for name in ORGANIZATION_OF),
        *(f"update roster.{name} set {columns[0]} = {columns[0]}" for name, columns in WRITTEN.items()),
        *(f"delete from roster.{name}" for name in ORGANIZATION_OF),
        *(f"select * from roster.{name}" for name in ("changes", "reviews", "holds", "pending_members")),
        "select * from roster.alembic_version",
        "select roster.is_writable_account(1, 1)",
    ),
}


def rows_of(product, name, organization):
    """How many rows of a table are an organization's; None: nobody's."""
    count = f"select count(*) from roster.{name} where {ORGANIZATION_OF[name]} is not distinct from :organization"
    return query(product, count, organization=organization)[0][0]


def test_a_hidden_row_does_not_count_as_written(districts, product):
    own, other = districts
    target = TARGETS["rosters"]
    row = sa.select(sa.literal("update").label("op"), *(target.table.c[name] for name in target.columns))
    sync_id = query(product, "select max(id) from roster.syncs where organization_id = :own", own=own)[0][0]
    with transaction(product) as pg:
        write_as_sync(pg, own)
        counts = [
            write_rows(pg, {"rosters": [row.where(target.table.c.organization_id == each).limit(1)]}, sync_id)
            for each in (other, own)
        ]
        pg.rollback()

    assert counts == [{}, {"rosters": {"update": 1}}]


@pytest.mark.parametrize(("role", "seen"), [("roster_writer", sorted(TARGETS)), ("roster_reader", READ)])
def test_role_sees_one_district_and_none_without_a_number(districts, product, role, seen):
    own, other = districts
    for name in seen:
        assert min(rows_of(product, name, own), rows_of(product, name, other)) > 0, name
        nobodys = rows_of(product, name, None) if role == "roster_writer" else 0
        count = sa.text(f"select count(*) from roster.{name}")
        with acting_as(product, role, own) as pg:
            assert pg.execute(count).scalar_one() == rows_of(product, name, own) + nobodys, name
        with acting_as(product, role) as pg:
            assert pg.execute(count).scalar_one() == 0, name


def test_writer_changes_only_its_own_district(districts, product):
    own, _ = districts
    for name, columns in WRITTEN.items():
        with acting_as(product, "roster_writer", own) as pg:
            changed = pg.execute(sa.text(f"update roster.{name} set {columns[-1]} = {columns[-1]}")).rowcount
        assert changed == rows_of(product, name, own) + rows_of(product, name, None), name


def test_writer_cannot_add_to_another_district(districts, product):
    own, other = districts
    place = {"organization": other}
    for name in ("school", "roster", "sync"):
        (place[name],) = query(product, f"select min(id) from roster.{name}s where organization_id = :id", id=other)[0]
    link = "select min(account_id) from roster.identity_links where organization_id = :id"
    ((place["own_account"],),) = query(product, link, id=own)
    for name, row in INTO_ANOTHER.items():
        statement = f"insert into roster.{name} {row}"
        values = {key: place[key] for key in sa.text(statement).compile().params}
        assert "row-level security" in refusal(product, statement, "roster_writer", own, **values), name
    assert set(INTO_ANOTHER) | {"accounts"} == {*TARGETS, "changes"}


@pytest.mark.parametrize("role", FORBIDDEN)
def test_role_cannot_exceed_its_rights(product, role):
    said = {statement: refusal(product, statement, role, 1) for statement in FORBIDDEN[role]}
    refused = ("permission denied", "must be owner")
    assert [statement for statement, why in said.items() if not why.startswith(refused)] == []


def test_grants_of_the_writer_are_what_a_sync_writes(product):
    columns = "select table_name, column_name::text from information_schema.column_privileges "
    added, changed = (
        set(query(product, f"{columns} where grantee = 'roster_writer' and privilege_type = :kind", kind=kind))
        for kind in ("INSERT", "UPDATE")
    )
    journal = {("changes", column) for column in ("sync_id", "entity", "key", "op", "before", "after")}
    assert added == {(name, column) for name, one in TARGETS.items() for column in one.inserted} | journal
    assert changed == {(name, column) for name, columns in WRITTEN.items() for column in columns}
    grants = query(
        product,
        "select table_schema || '.' || table_name, privilege_type from information_schema.role_table_grants "
        "where grantee = 'roster_writer'",
    )
    assert set(grants) == {(f"roster.{name}", "SELECT") for name in TARGETS} | {("roster.pending_members", "DELETE")}


def only_the_role_writes(product):
    """From now on every roster table refuses whoever is not `roster_writer`."""
    execute(
        product,
        "create function roster.only_the_role() returns trigger language plpgsql as $$ begin "
        "if current_user <> 'roster_writer' then raise 'written by %', current_user; end if; return null; end $$",
    )
    for name in (*TARGETS, "changes"):
        execute(
            product,
            f"create trigger only_the_role after insert or update or delete on roster.{name} for each statement "
            "execute function roster.only_the_role()",
        )


def test_tables_that_accept_only_the_role_are_synced_and_undone(valley, hamlet, quick_sync, sync, product):
    quick_sync(hamlet)
    only_the_role_writes(product)
    before = published(product, hamlet.id)
    assert sync(valley).exit_code == 0
    assert difference(expect(valley), published(product, valley.id)) == {}
    with pytest.raises(sa.exc.ProgrammingError, match="written by"):
        execute(product, "update roster.rosters set hidden_at = now()")
    ((newest,),) = query(product, "select max(id) from roster.syncs")
    with transaction(product) as pg:
        assert undo_sync(pg, newest, datetime.now(UTC)).skipped == []
    assert difference(before, published(product, hamlet.id)) == {}


def test_missing_grant_changes_nothing_and_names_the_remedy(valley, quick_sync, sync, product):
    quick_sync(valley)
    for key in valley.resources["sections"].ids()[:2]:
        valley.put("sections", valley.get("sections", key) | {"name": "Changed since"})
    execute(product, "revoke update on roster.rosters from roster_writer")
    before = row_versions(product)
    ended = sync(valley)
    assert ended.exit_code == 6
    assert "\n" not in ended.failure
    assert "grant_access" in ended.failure
    assert row_versions(product) == before
    execute(product, "call roster.grant_access()")
    assert sync(valley).exit_code == 0
    assert difference(expect(valley), published(product, valley.id)) == {}


def test_other_users_with_grants_are_not_restricted(districts, product):
    with product.connect() as pg:
        for statement in ("create role teachers_app", "grant usage on schema roster to teachers_app"):
            pg.execute(sa.text(statement))
        pg.execute(sa.text("grant select on all tables in schema roster to teachers_app"))
        pg.execute(sa.text("set local role teachers_app"))
        seen = {
            name: pg.execute(sa.text(f"select count(*) from roster.{name}")).scalar_one() for name in tables(product)
        }
    assert seen == {name: query(product, f"select count(*) from roster.{name}")[0][0] for name in tables(product)}
