"""What Clever owns, written by another hand than the sync's: the database refuses, says why, and goes on working."""

import re

import pytest
import sqlalchemy as sa

from roster_pipeline.errors import ProductUnusable
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.integration.readers import (
    contents,
    difference,
    execute,
    published,
    query,
    row_versions,
)
from roster_pipeline_tests.integration.rule_book import expect
from roster_pipeline_tests.integration.test_sync_again import first_with, users_of

TELLING = {"Xanthippe", "Vandersloot", "xanthippe.v@example.org", "Periwinkle"}
WHO, CLASSES, PLACES = "Who gets an account", "Rosters", "Organizations, tiers, memberships"
REFUSED = {
    "accounts": (
        ("RS001", WHO),
        "update roster.accounts set first_name = 'Other' where id = :person",
        "update roster.accounts set last_name = null where id = :person",
        "update roster.accounts set email = 'other@example.org' where id = :person",
        "update roster.accounts set clever_email = null where id = :person",
        "update roster.accounts set imported_from_clever = false where id = :person",
        "update roster.accounts set archived_at = now(), last_name = 'Other' where id = :person",
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
    "parked_members": (
        ("RS003", CLASSES),
        "insert into roster.parked_members (roster_id, clever_id, role) values (:clever, 'other', 'student')",
        "update roster.parked_members set role = 'teacher' where roster_id = :clever",
        "update roster.parked_members set roster_id = :native where roster_id = :clever",
        "delete from roster.parked_members where roster_id = :clever",
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
    "identity_links": (
        ("RS005", "Who is who"),
        "update roster.identity_links set unlinked_at = now() where account_id = :person",
        "update roster.identity_links set account_id = :native_person where account_id = :person",
        "delete from roster.identity_links where account_id = :person",
        "insert into roster.identity_links (organization_id, clever_id, account_id, rule) "
        "select id, 'other', :native_person, 'email' from roster.organizations",
    ),
}
BY_NOBODY = {
    "identity_links": (
        ("RS005", "Who is who"),
        "delete from roster.identity_links where account_id = :person",
        "update roster.identity_links set rule = 'email' where account_id = :person",
        'update roster.identity_links set evidence = \'{"by": "hand"}\', unlinked_at = now() '
        "where account_id = :person",
    ),
    "changes": (
        ("RS006", "Safety"),
        "update roster.changes set after = null where sync_id > 0",
        "delete from roster.changes where sync_id > 0",
    ),
}
EMPTIED = {
    **{table: codes for table, (codes, *_) in REFUSED.items()},
    "changes": ("RS006", "Safety"),
}
ALLOWED = {
    "a class is hidden and shown": (
        "update roster.rosters set hidden_at = now() where id = :clever",
        "update roster.rosters set hidden_at = null where id = :clever",
    ),
    "a person is made an admin, verified and closed": (
        "update roster.accounts set role = 'admin', archived_at = now() where id = :person",
        "update roster.org_memberships set is_admin = true, verified_at = now() where account_id = :person",
    ),
    "a native account is renamed and deleted": (
        "update roster.accounts set first_name = 'Other', email = 'other@example.org' where id = :native_person",
        "delete from roster.accounts where id = :native_person",
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
}


@pytest.fixture
def ids(valley, quick_sync, product):
    """A published district with a telling class of a student, a teacher and one who is awaited; and native rows."""
    telling = {"name": {"first": "Xanthippe", "last": "Vandersloot"}, "email": "xanthippe.v@example.org"}
    section = first_with(valley, "sections", lambda one: len(one["students"]) > 1)
    student = section["students"][0]
    valley.put("users", valley.get("users", student) | telling)
    valley.put("sections", section | {"name": "Periwinkle", "students": [*section["students"], "f" * 24]})
    quick_sync(valley)
    native = execute(
        product,
        "insert into roster.rosters (organization_id, name, source) select id, 'Chess club', 'native' "
        "from roster.organizations returning id",
    )
    own = execute(
        product, "insert into roster.accounts (role, email) values ('teacher', 'own@example.org') returning id"
    )
    other = query(product, "select max(account_id) from roster.org_memberships where role = 'student'")[0][0]
    for table in ("roster_teachers", "roster_students"):
        added = f"insert into roster.{table} (roster_id, account_id) values (:native, :other)"
        execute(product, added, native=native, other=other)
    return {
        "person": _id_of(product, "account_id", "identity_links", student),
        "clever": _id_of(product, "id", "rosters", section["id"]),
        "school": _id_of(product, "id", "schools", section["school"]),
        "native": native,
        "native_person": own,
    }


def _id_of(product, column, table, clever_id):
    return query(product, f"select {column} from roster.{table} where clever_id = :key", key=clever_id)[0][0]


def write(product, statement, ids, *, as_sync=False):
    """Execute with only the ids that the statement names."""
    execute(product, statement, as_sync=as_sync, **{name: ids[name] for name in sa.text(statement).compile().params})


def refusal(product, statement, ids, *, as_sync=False):
    """What PostgreSQL answers to a statement that it refuses."""
    with pytest.raises(sa.exc.DBAPIError) as refused:
        write(product, statement, ids, as_sync=as_sync)
    return refused.value.orig


def assert_it_says_why(refused, code, rule):
    """The code, the rule and the row by its ids; what to do instead; and nothing of people."""
    assert refused.sqlstate == code, refused
    assert f"(rule book, {rule})" in refused.diag.message_primary
    assert re.search(r"\((.*, )?(id|roster_id|seq) \d+", refused.diag.message_primary)
    assert refused.diag.message_hint
    assert not {word for word in TELLING if word in str(refused)}


@pytest.mark.parametrize("table", REFUSED)
def test_given_a_published_district_when_another_hand_writes_what_clever_owns_then_refused_by_rule(product, ids, table):
    (code, rule), *statements = REFUSED[table]
    before = row_versions(product)
    for statement in statements:
        assert_it_says_why(refusal(product, statement, ids), code, rule)
    assert row_versions(product) == before


@pytest.mark.parametrize("table", BY_NOBODY)
def test_given_a_published_district_when_even_a_sync_rewrites_what_is_kept_for_ever_then_refused(product, ids, table):
    (code, rule), *statements = BY_NOBODY[table]
    before = row_versions(product, without=())
    for statement in statements:
        assert_it_says_why(refusal(product, statement, ids, as_sync=True), code, rule)
    assert row_versions(product, without=()) == before


@pytest.mark.parametrize("table", EMPTIED)
def test_given_a_published_district_when_even_a_sync_empties_a_table_then_refused_by_rule(product, ids, table):
    (code, rule), before = EMPTIED[table], row_versions(product, without=())
    for as_sync in (False, True):
        refused = refusal(product, f"truncate roster.{table} cascade", ids, as_sync=as_sync)
        assert (refused.sqlstate, refused.diag.message_hint > "") == (code, True)
        assert f"truncate of {table} refused" in refused.diag.message_primary
        assert f"(rule book, {rule})" in refused.diag.message_primary
    assert row_versions(product, without=()) == before


@pytest.mark.parametrize("act", ALLOWED)
def test_given_a_published_district_when_the_product_does_its_own_acts_then_they_are_done(product, ids, act):
    for statement in ALLOWED[act]:
        before = contents(product)
        write(product, statement, ids)
        assert contents(product) != before, statement


def test_given_a_row_that_is_refused_when_told_then_it_is_named_by_the_ids_of_the_clever_row(product, ids):
    move = "update roster.roster_students set roster_id = :clever where roster_id = :native"
    joined = refusal(product, move, ids).diag.message_primary
    assert joined.startswith(f"update of roster_students (roster_id {ids['clever']}, account_id ")
    renamed = refusal(product, "update roster.accounts set last_name = 'Other' where id = :person", ids)
    assert renamed.diag.message_primary.startswith(f"update of accounts (id {ids['person']}) refused: ")


def test_given_a_link_when_a_sync_ends_it_then_its_row_stays_with_its_end(product, ids):
    end = (
        "update roster.identity_links set unlinked_at = now(), unlinked_sync_id = sync_id "
        "where account_id = :person returning id"
    )
    link = execute(product, end, as_sync=True, person=ids["person"])
    assert query(product, "select unlinked_at is null from roster.identity_links where id = :id", id=link) == [(False,)]


def test_given_refused_statements_when_synced_again_then_published_all_the_same(valley, quick_sync, product, ids):
    for _why, statement, *_others in REFUSED.values():
        refusal(product, statement, ids)
    section = first_with(valley, "sections", lambda one: one["name"] == "Periwinkle")
    valley.put("sections", section | {"name": "Renamed", "students": section["students"][1:]})
    valley.put("users", valley.get("users", section["students"][0]) | {"name": {"first": "New", "last": "Name"}})
    assert not quick_sync(valley).held
    assert difference(expect(valley), published(product, valley.id)) == {}


def test_given_a_hidden_class_and_a_verified_teacher_when_their_rows_are_synced_then_both_survive(
    valley, quick_sync, product, ids
):
    hidden = execute(
        product, "update roster.rosters set hidden_at = now() where id = :id returning hidden_at", id=ids["clever"]
    )
    key = users_of(valley, "teacher")[0]
    teacher = _id_of(product, "account_id", "identity_links", key)
    verify = "update roster.org_memberships set verified_at = now() where account_id = :id returning verified_at"
    verified = execute(product, verify, id=teacher)
    section = first_with(valley, "sections", lambda one: one["name"] == "Periwinkle")
    valley.put("sections", section | {"name": "Renamed"})
    valley.put("users", valley.get("users", key) | {"name": {"first": "New", "last": "Name"}})
    assert quick_sync(valley).counts == {"accounts": {"update": 1}, "rosters": {"update": 1}}
    rosters = "select name, hidden_at from roster.rosters where id = :id"
    assert query(product, rosters, id=ids["clever"]) == [("Renamed", hidden)]
    memberships = "select verified_at from roster.org_memberships where account_id = :id"
    assert query(product, memberships, id=teacher) == [(verified,)]


def test_given_our_own_lock_refuses_our_own_work_when_told_then_one_line_names_the_rule_and_nobody(product, ids):
    rename = sa.text("update roster.accounts set last_name = 'Other' where id = :person")
    with pytest.raises(ProductUnusable) as told, transaction(product) as pg:
        pg.execute(rename, {"person": ids["person"]})
    line = str(told.value)
    assert "\n" not in line
    assert f"RS001 refused the work and rolled it back: update of accounts (id {ids['person']})" in line
    assert f"(rule book, {WHO})" in line
    assert not {word for word in TELLING if word in line}
