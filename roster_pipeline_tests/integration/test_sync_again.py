"""Later syncs follow what changed, write nothing else, and lose nothing."""

import pytest

from roster_pipeline.sandbox.data.school_day import school_days
from roster_pipeline_tests.support.people import first_with, leave, users_of
from roster_pipeline_tests.support.readers import (
    difference,
    execute,
    last_sync,
    published,
    query,
    row_versions,
)
from roster_pipeline_tests.support.rule_book import expect


def test_unchanged_feed_writes_no_row(valley, sync, product):
    sync(valley)
    before = row_versions(product)
    journal = query(product, "select count(*) from roster.changes")
    assert sync(valley).exit_code == 0
    assert row_versions(product) == before
    assert query(product, "select count(*) from roster.changes") == journal
    nothing = {
        "changes": {},
        "held": {},
        "removed": {},
        "leaves": {},
        "told": {},
        "summary": "No changes. Everything already matches Clever.",
    }
    assert last_sync(product) == ("published", nothing)


def test_five_school_days_equal_the_feed(valley, quick_sync, product):
    expected = None
    for _day in range(5):
        plan = quick_sync(valley)
        expected = expect(valley, expected)
        assert not plan.held
        assert difference(expected, published(product, valley.id)) == {}
        school_days(valley, 1)


def test_new_names_follow_clever_and_ids_stay(valley, quick_sync, known_sync, product):
    known_sync(valley)
    ids = query(product, "select id, clever_id from roster.rosters union select id, clever_id from roster.schools")
    section = first_with(valley, "sections", lambda _: True)
    school = first_with(valley, "schools", lambda _: True)
    teacher = valley.get("users", users_of(valley, "teacher")[0])
    valley.put("sections", section | {"name": "Botany 2"})
    valley.put("schools", school | {"name": "Renamed School"})
    valley.put("users", teacher | {"name": {"first": teacher["name"]["first"], "last": "Married-Name"}})
    plan = quick_sync(valley)
    assert plan.counts == {name: {"update": 1} for name in ("schools", "accounts", "rosters")}
    assert difference(expect(valley), published(product, valley.id)) == {}
    again = query(product, "select id, clever_id from roster.rosters union select id, clever_id from roster.schools")
    assert sorted(again) == sorted(ids)


def test_newcomer_takes_an_email_freed_in_the_same_sync(valley, quick_sync, known_sync, product):
    known_sync(valley)
    one = valley.get("users", users_of(valley, "teacher")[0])
    valley.put("users", one | {"email": "moved.on@example.org"})
    valley.put("users", one | {"id": "f" * 24, "name": {"first": "Nell", "last": "Newcomer"}})
    quick_sync(valley)
    people = published(product, valley.id).people
    assert (people[one["id"]][3], people["f" * 24][3]) == ("moved.on@example.org", one["email"])


@pytest.fixture
def native(valley, known_sync, product):
    """A teacher's own roster with Clever-synced students in it, and an admin; the rows by which they are known."""
    known_sync(valley)
    own = execute(
        product,
        "insert into roster.rosters (organization_id, name, source) select id, 'Chess club', 'native' "
        "from roster.organizations returning id",
    )
    admin = execute(
        product, "insert into roster.accounts (email, role) values ('admin@example.org', 'admin') returning id"
    )
    for statement in (
        "insert into roster.roster_students (roster_id, account_id) select :own, account_id "
        "from roster.org_memberships where role = 'student'",
        "insert into roster.roster_teachers (roster_id, account_id, is_primary) select :own, account_id, true "
        "from roster.org_memberships where role = 'teacher' limit 1",
        "insert into roster.org_memberships (organization_id, account_id, role, is_admin, verified_at) "
        "select id, :admin, 'admin', true, now() from roster.organizations",
        "insert into roster.admin_schools (organization_id, account_id, school_id, made_by) "
        "select organization_id, :admin, id, 'test' from roster.schools",
    ):
        execute(product, statement, own=own, admin=admin)

    def rows():
        where = {
            "rosters": "id = :own",
            "roster_students": "roster_id = :own",
            "roster_teachers": "roster_id = :own",
            "accounts": "id = :admin",
            "org_memberships": "account_id = :admin",
            "admin_schools": "account_id = :admin",
        }
        read = "select cast(:own as text), cast(:admin as text), xmin::text, to_jsonb(t)::text from roster"
        return {
            name: sorted(query(product, f"{read}.{name} as t where {which}", own=own, admin=admin))
            for name, which in where.items()
        }

    return rows


def test_native_rosters_and_admins_are_untouched(valley, quick_sync, native):
    before = native()
    assert len(before["roster_students"]) == 60
    leave(valley, users_of(valley, "student")[0])
    valley.remove("users", users_of(valley, "teacher")[0])
    valley.remove("sections", valley.resources["sections"].ids()[0])
    quick_sync(valley)
    assert native() == before
