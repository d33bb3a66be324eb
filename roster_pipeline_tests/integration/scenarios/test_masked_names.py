"""A name or email that a district masks is missing and not different (docs/rules.md R6.7)."""

import pytest

from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import last_sync, published, query
from roster_pipeline_tests.support.seen import roster_of
from roster_pipeline_tests.support.snapshots import AS_OF, read

MASKS = ({"name": None, "email": None}, {"name": {"first": "", "last": " "}, "email": ""})


def everybody(town):
    return [town.person(key) for role in ("teacher", "student") for key in users_of(town, role)]


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_masking_and_unmasking_names_opens_no_review_and_no_hold(town, quick_sync, known_sync, product, mode):
    shown = everybody(town)
    known_sync(town)
    before = published(product, town.id)
    for number, person in enumerate(shown):
        town.put("users", person | MASKS[number % len(MASKS)])
    quick_sync(town, mode=mode)
    assert last_sync(product)[0] == "published"
    masked = published(product, town.id)
    assert {row[3] for row in masked.people.values()} == {None}
    assert masked.people.keys() == before.people.keys()
    for person in shown:
        town.put("users", person)
    quick_sync(town, mode=mode)
    assert last_sync(product)[0] == "published"
    assert published(product, town.id) == before
    assert query(product, "select count(*) from roster.reviews") == [(0,)]
    assert query(product, "select count(*) from roster.holds") == [(0,)]


def test_changed_names_are_held_while_others_are_masked(town, quick_sync, known_sync, product):
    shown = everybody(town)
    known_sync(town)
    for number, person in enumerate(shown):
        town.put(
            "users", person | ({"name": None} if number % 5 == 0 else {"name": {"first": "New", "last": str(number)}})
        )
    quick_sync(town)
    assert last_sync(product)[0] == "held"
    assert query(product, "select reason from roster.holds where state = 'open'") == [("district_updates",)]


def test_masked_names_keep_the_review_of_a_recycled_id(town, quick_sync, product, link):
    student, section = town.student(1), town.section(1, students=[town.student(1)])
    quick_sync(town)
    other = town.section(2, students=[student])
    town.student(1, "Else", "Body", email="else@example.org")
    quick_sync(town)
    town.edit("users", student, name=None, email=None)
    quick_sync(town)
    found = published(product, town.id)
    assert found.people[student][1:4] == ("First1", "Student1", "student1@town1.example.org")
    assert found.reviews == {(student, "recycled_id")}
    assert (student in roster_of(product, section).students, roster_of(product, other).awaited) == (
        True,
        {student: "student"},
    )
    assert quick_sync(town).total == 0
    town.student(1)
    quick_sync(town)
    assert published(product, town.id).reviews == set()
    assert student in roster_of(product, other).students


def test_account_without_a_last_name_is_linked_without_a_review(town, quick_sync, product, sign_up, link):
    account = sign_up("student1@town1.example.org", "Somebody Else", "")
    quick_sync(town)
    key = town.student(1)
    quick_sync(town)
    assert link(key) == (account, "email")
    assert published(product, town.id).reviews == set()


def test_analysts_see_masked_people_like_others(town, quick_sync, latest):
    quick_sync(town, snapshot=True)
    shown = {name: read(latest, f"select count(*) from {name}") for name in (*AS_OF, "movers")}
    columns = read(latest, "select * from enrollments order by all")
    town.mask_people()
    quick_sync(town, snapshot=True)

    assert {name: read(latest, f"select count(*) from {name}") for name in shown} == shown
    assert read(latest, "select * from enrollments order by all") == columns
