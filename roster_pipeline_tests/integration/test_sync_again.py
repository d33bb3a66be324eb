"""Later syncs follow what changed, write nothing else, and lose nothing."""

import pytest

from roster_pipeline.sandbox.data.school_day import school_days
from roster_pipeline_tests.support.people import first_with, leave, users_of
from roster_pipeline_tests.support.readers import (
    contents,
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


def test_changed_timestamps_alone_change_nothing(valley, quick_sync, product):
    quick_sync(valley)
    before = row_versions(product)
    valley.start_day()
    for name in ("schools", "users", "sections"):
        for item in list(valley.resources[name].values()):
            valley.put(name, item | {"created": "2020-01-01T00:00:00.000Z"})
    assert quick_sync(valley).total == 0
    assert row_versions(product) == before


def test_five_school_days_equal_the_feed(valley, quick_sync, product):
    expected = None
    for _day in range(5):
        plan = quick_sync(valley)
        expected = expect(valley, expected)
        assert not plan.held
        assert difference(expected, published(product, valley.id)) == {}
        school_days(valley, 1)


def test_new_names_follow_clever_and_ids_stay(valley, quick_sync, product):
    quick_sync(valley)
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


def test_returning_person_gets_the_same_rows_back(valley, quick_sync, product):
    quick_sync(valley)
    rows = contents(product)
    key = users_of(valley, "student")[3]
    student, sections = valley.get("users", key), dict(valley.resources["sections"])
    leave(valley, key)
    plan = quick_sync(valley)
    assert not plan.held
    found = published(product, valley.id)
    assert key in found.people
    assert key not in found.members
    assert key not in {person for _, person in (*found.school_members, *found.students)}
    ended = query(product, "select count(*) from roster.org_memberships where ended_at is not null")
    assert ended == [(1,)]
    valley.put("users", student)
    for section in sections.values():
        valley.put("sections", section)
    assert {op for ops in quick_sync(valley).counts.values() for op in ops} == {"restore"}
    assert contents(product) == rows


def test_swapped_emails_reach_both_people(valley, quick_sync, product):
    quick_sync(valley)
    one, other = (valley.get("users", key) for key in users_of(valley, "teacher")[:2])
    valley.put("users", one | {"email": other["email"]})
    valley.put("users", other | {"email": one["email"]})
    quick_sync(valley)
    people = published(product, valley.id).people
    assert (people[one["id"]][3], people[other["id"]][3]) == (other["email"], one["email"])


def test_newcomer_takes_an_email_freed_in_the_same_sync(valley, quick_sync, product):
    quick_sync(valley)
    one = valley.get("users", users_of(valley, "teacher")[0])
    valley.put("users", one | {"email": "moved.on@example.org"})
    valley.put("users", one | {"id": "f" * 24, "name": {"first": "Nell", "last": "Newcomer"}})
    quick_sync(valley)
    people = published(product, valley.id).people
    assert (people[one["id"]][3], people["f" * 24][3]) == ("moved.on@example.org", one["email"])


def test_returning_section_restores_the_same_roster(valley, quick_sync, product):
    quick_sync(valley)
    rows = contents(product)
    section = first_with(valley, "sections", lambda one: 0 < len(one["students"]) < 8)
    valley.remove("sections", section["id"])
    quick_sync(valley)
    found = published(product, valley.id)
    assert section["id"] not in found.rosters
    assert difference(expect(valley, found), found) == {}
    assert len(contents(product)["rosters"]) == len(rows["rosters"])
    valley.put("sections", section)
    quick_sync(valley)
    assert contents(product) == rows


def test_hidden_roster_stays_hidden_and_current(valley, quick_sync, product):
    quick_sync(valley)
    section = first_with(valley, "sections", lambda one: 0 < len(one["students"]) < 8)
    hide = "update roster.rosters set hidden_at = '2026-03-01T12:00:00Z' where clever_id = :section returning hidden_at"
    hidden_at = execute(product, hide, section=section["id"])
    for change in (
        lambda: valley.put("sections", section | {"name": "New name", "term_id": None}),
        lambda: valley.remove("sections", section["id"]),
        lambda: valley.put("sections", section | {"name": "Newest name"}),
    ):
        change()
        quick_sync(valley)
        state = "select hidden_at from roster.rosters where clever_id = :section"
        assert query(product, state, section=section["id"]) == [(hidden_at,)]
    assert published(product, valley.id).rosters[section["id"]][1] == "Newest name"


def test_returning_teacher_is_still_verified(valley, quick_sync, product):
    quick_sync(valley)
    key = users_of(valley, "teacher")[0]
    verified = execute(
        product,
        "update roster.org_memberships set verified_at = '2026-03-01' where account_id = "
        "(select account_id from roster.identity_links where clever_id = :key) returning verified_at",
        key=key,
    )
    teacher = valley.get("users", key)
    valley.remove("users", key)
    quick_sync(valley)
    valley.put("users", teacher)
    quick_sync(valley)
    read = "select verified_at from roster.org_memberships where verified_at is not null"
    assert query(product, read) == [(verified,)]


@pytest.fixture
def native(valley, quick_sync, product):
    """A teacher's own roster with Clever-synced students in it, and an admin; the rows by which they are known."""
    quick_sync(valley)
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
