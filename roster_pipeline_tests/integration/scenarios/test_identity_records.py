"""Scenarios of a person's record: read twice, edited in the product, odd names, and timestamps without content."""

import pytest

from roster_pipeline_tests.support.readers import contents, execute, published, query, row_versions
from roster_pipeline_tests.support.town import OTHERS, ReadTwice

OLDER, NEWER = "2025-09-01T00:00:00.000Z", "2025-09-02T00:00:00.000Z"


def read_twice(town, *pairs):
    """From now on the users list holds each of these people, and their second copy under the same id."""
    first, again = zip(*pairs, strict=True)
    town.resources["users"] = ReadTwice([*town.resources["users"].values(), *first], again)


@pytest.mark.scenario("I-29")
def test_doubled_student_record_is_one_person(town, quick_sync, publish):
    key = town.student(1)
    section = town.section(1, students=[key, key])
    read_twice(town, (town.person(key), town.person(key)))
    counts = quick_sync(town).counts
    assert counts["accounts"] == {"insert": 2 * len(OTHERS) + 1}
    assert counts["org_memberships"] == counts["school_memberships"] == counts["accounts"]
    assert counts["roster_students"] == {"insert": len(OTHERS) + 1}
    found = publish(town)
    assert (section, key) in found.students
    assert found.reviews == set()


@pytest.mark.scenario("I-30")
def test_of_two_copies_the_one_modified_last_wins(town, publish):
    pairs, school = [], town.school(1)
    for number in (1, 2):
        older = town.person(town.student(number, "Ann", "Lake")) | {"last_modified": OLDER}
        newer = older | {
            "last_modified": NEWER,
            "email": f"new{number}@example.org",
            "name": {"first": "Ann", "last": "Moor"},
            "roles": {"student": town.role(number, school=1)},
        }
        pairs.append((older, newer))
    read_twice(town, pairs[0], pairs[1][::-1])
    found = publish(town)
    for _, newer in pairs:
        email = newer["email"]
        assert found.people[newer["id"]] == ("student", "Ann", "Moor", email, email, True)
        assert [place for place, person in found.school_members if person == newer["id"]] == [school]


@pytest.mark.scenario("I-30")
def test_winner_of_two_equal_copies_ignores_their_order(town, quick_sync, product):
    copies = [
        [town.person(key) | {"last_modified": stamp, "name": {"first": first}} for first in ("Ann", "Bea")]
        for key, stamp in ((town.student(1), OLDER), (town.student(2), None))
    ]
    read_twice(town, *copies)
    quick_sync(town)
    before = row_versions(product)
    read_twice(town, *(reversed(pair) for pair in copies))
    assert quick_sync(town).total == 0
    assert row_versions(product) == before


@pytest.mark.scenario("I-32")
def test_name_and_email_changed_in_the_database_are_restored(town, quick_sync, publish, product, link):
    key = town.student(1, "Ann", "Lake", email="ann.lake@example.org")
    quick_sync(town)
    before, (account, _) = contents(product), link(key)
    edit = (
        "update roster.accounts set first_name = 'Annie', last_name = 'Moor', email = 'annie@example.org' "
        "where id = :account"
    )
    execute(product, edit, as_sync=True, account=account)
    assert published(product, town.id).people[key][1:4] == ("Annie", "Moor", "annie@example.org")
    publish(town)
    assert contents(product) == before


@pytest.mark.scenario("I-33")
def test_missing_or_odd_name_parts_stay_as_given(town, publish):
    names = (
        {"first": "", "last": ""},
        {"first": None, "last": None},
        {"first": "Ann", "last": "St. Clair"},
        {"last": "Ann Lake"},
        {},
    )
    given = {town.student(number, name=name): name for number, name in enumerate(names)}
    given[town.student(len(names), name=None)] = {}
    section = town.section(1, students=given)
    found = publish(town)
    assert {key: found.people[key][1:3] for key in given} == {
        key: (name.get("first"), name.get("last")) for key, name in given.items()
    }
    assert {(section, key) for key in given} <= found.students
    assert found.reviews == set()


@pytest.mark.scenario("I-34")
def test_changed_created_and_last_modified_write_nothing(town, quick_sync, known_sync, product):
    known_sync(town)
    before, journal = row_versions(product), query(product, "select count(*) from roster.changes")
    town.start_day()
    for name in ("schools", "users", "sections"):
        for key in town.resources[name].ids():
            town.edit(name, key, created="2023-04-24T00:00:00.000Z")
    assert quick_sync(town).total == 0
    assert row_versions(product) == before
    assert query(product, "select count(*) from roster.changes") == journal
