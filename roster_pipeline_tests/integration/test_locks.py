"""Write protection refuses every other writer of Clever-managed data, with the reason."""

import re

import pytest
import sqlalchemy as sa

from roster_pipeline.errors import ProductUnusable
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.people import first_with, users_of
from roster_pipeline_tests.support.protected import ALLOWED, BY_NOBODY, EMPTIED, REFUSED, WHO
from roster_pipeline_tests.support.readers import contents, difference, execute, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect

TELLING = {"Xanthippe", "Vandersloot", "xanthippe.v@example.org", "Periwinkle"}


@pytest.fixture
def ids(valley, known_sync, product):
    """A published district with a telling class of a student, a teacher and one who is awaited; and native rows."""
    telling = {"name": {"first": "Xanthippe", "last": "Vandersloot"}, "email": "xanthippe.v@example.org"}
    section = first_with(valley, "sections", lambda one: len(one["students"]) > 1)
    student = section["students"][0]
    valley.put("users", valley.get("users", student) | telling)
    valley.put("sections", section | {"name": "Periwinkle", "students": [*section["students"], "f" * 24]})
    teacher = users_of(valley, "teacher")[0]
    for key in users_of(valley, "teacher")[:2]:  # a review, of an email that two share
        valley.put("users", valley.get("users", key) | {"email": valley.get("users", teacher)["email"]})
    known_sync(valley)
    held = "insert into roster.holds (sync_id, organization_id, plan_digest, reason) "
    execute(product, f"{held} select id, organization_id, 'e', 'district_removals' from roster.syncs")
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


@pytest.fixture
def plain_role(product):
    """A role of the application: it has every grant and owns nothing."""
    execute(product, "create role plain_application")
    execute(product, "grant usage on schema roster to plain_application")
    execute(product, "grant all on all tables in schema roster to plain_application")
    yield "plain_application"
    execute(product, "drop owned by plain_application")
    execute(product, "drop role plain_application")


def write(product, statement, ids, *, as_sync=False, role=""):
    """Execute with only the ids that the statement names."""
    named = {name: ids[name] for name in sa.text(statement).compile().params}
    execute(product, statement, as_sync=as_sync, as_role=role, as_program=False, **named)


def refusal(product, statement, ids, *, as_sync=False, role=""):
    """What PostgreSQL answers to a statement that it refuses."""
    with pytest.raises(sa.exc.DBAPIError) as refused:
        write(product, statement, ids, as_sync=as_sync, role=role)
    return refused.value.orig


def assert_it_says_why(refused, code, rule):
    """The code, the rule and the row by its ids; what to do instead; and nothing of people."""
    assert refused.sqlstate == code, refused
    assert f"(docs/rules.md {rule})" in refused.diag.message_primary
    assert re.search(r"\((.*, )?(id|roster_id|account_id|seq) \d+", refused.diag.message_primary)
    assert refused.diag.message_hint
    assert not {word for word in TELLING if word in str(refused)}


@pytest.mark.parametrize("table", REFUSED)
def test_foreign_write_of_a_clever_row_is_refused_by_rule(product, ids, table):
    (code, rule), *statements = REFUSED[table]
    before = row_versions(product)
    for statement in statements:
        assert_it_says_why(refusal(product, statement, ids), code, rule)
    assert row_versions(product) == before


@pytest.mark.parametrize("table", BY_NOBODY)
def test_permanent_rows_cannot_be_rewritten_even_by_a_sync(product, ids, table):
    (code, rule), *statements = BY_NOBODY[table]
    before = row_versions(product, without=())
    for statement in statements:
        assert_it_says_why(refusal(product, statement, ids, as_sync=True), code, rule)
    assert row_versions(product, without=()) == before


@pytest.mark.parametrize("table", EMPTIED)
def test_tables_cannot_be_emptied_even_by_a_sync(product, ids, table):
    (code, rule), before = EMPTIED[table], row_versions(product, without=())
    for as_sync in (False, True):
        refused = refusal(product, f"truncate roster.{table} cascade", ids, as_sync=as_sync)
        assert (refused.sqlstate, refused.diag.message_hint > "") == (code, True)
        assert f"truncate of {table} refused" in refused.diag.message_primary
        assert f"(docs/rules.md {rule})" in refused.diag.message_primary
    assert row_versions(product, without=()) == before


@pytest.mark.parametrize("act", ALLOWED)
def test_own_acts_of_the_product_are_allowed(product, ids, act):
    for statement in ALLOWED[act]:
        before = contents(product)
        write(product, statement, ids)
        assert contents(product) != before, statement


def test_application_role_is_refused_and_allowed_like_the_owner(product, ids, plain_role):
    """The role owns nothing, is no superuser, and reads and writes every table."""
    for table, ((code, rule), *statements) in REFUSED.items():
        for statement in (*statements, f"truncate roster.{table} cascade"):
            refused = refusal(product, statement, ids, role=plain_role)
            assert (refused.sqlstate, f"(docs/rules.md {rule})" in str(refused)) == (code, True), statement
    for statements in ALLOWED.values():
        for statement in statements:
            write(product, statement, ids, role=plain_role)


def test_refused_row_is_named_by_its_clever_ids(product, ids):
    move = "update roster.roster_students set roster_id = :clever where roster_id = :native"
    joined = refusal(product, move, ids).diag.message_primary
    assert joined.startswith(f"update of roster_students (roster_id {ids['clever']}, account_id ")
    renamed = refusal(product, "update roster.accounts set last_name = 'Other' where id = :person", ids)
    assert renamed.diag.message_primary.startswith(f"update of accounts (id {ids['person']}) refused: ")


def test_ended_link_keeps_its_row(product, ids):
    end = (
        "update roster.identity_links set unlinked_at = now(), unlinked_sync_id = sync_id "
        "where account_id = :person returning id"
    )
    link = execute(product, end, as_sync=True, person=ids["person"])
    assert query(product, "select unlinked_at is null from roster.identity_links where id = :id", id=link) == [(False,)]


def test_sync_publishes_after_refused_statements(valley, quick_sync, product, ids):
    for _why, statement, *_others in REFUSED.values():
        refusal(product, statement, ids)
    section = first_with(valley, "sections", lambda one: one["name"] == "Periwinkle")
    valley.put("sections", section | {"name": "Renamed", "students": section["students"][1:]})
    valley.put("users", valley.get("users", section["students"][0]) | {"name": {"first": "New", "last": "Name"}})
    assert not quick_sync(valley).held
    assert difference(expect(valley), published(product, valley.id)) == {}


def test_hidden_class_and_verified_teacher_survive_syncs(valley, quick_sync, product, ids):
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


def test_refusal_of_our_own_write_names_the_rule_and_nobody(product, ids):
    rename = sa.text("update roster.accounts set last_name = 'Other' where id = :person")
    with pytest.raises(ProductUnusable) as told, transaction(product) as pg:
        pg.execute(rename, {"person": ids["person"]})
    line = str(told.value)
    assert "\n" not in line
    assert f"RS001 refused the work and rolled it back: update of accounts (id {ids['person']})" in line
    assert f"(docs/rules.md {WHO})" in line
    assert not {word for word in TELLING if word in line}
