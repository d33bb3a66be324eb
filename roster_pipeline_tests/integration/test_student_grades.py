"""The grade of a student goes from Clever to the account and to the analysts, and crosses no threshold."""

import pytest

from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import query
from roster_pipeline_tests.support.scripts import script  # noqa: F401 - fixtures
from roster_pipeline_tests.support.snapshots import read

ACCOUNTS = """
    select link.clever_id, account.grade from roster.accounts as account
    join roster.identity_links as link on link.account_id = account.id and link.unlinked_at is null
"""
PEOPLE = "select clever_id, grade from people"


def grades_in_clever(district):
    """Return the grade of each student and None for each teacher, by Clever id."""
    users = district.resources["users"]
    grades = {key: users[key]["roles"]["student"]["grade"] for key in users_of(district, "student")}
    return dict.fromkeys(users_of(district, "teacher")) | grades


def set_grade(district, key, grade):
    user = district.get("users", key)
    student = user["roles"]["student"] | {"grade": grade}
    district.put("users", user | {"roles": user["roles"] | {"student": student}})


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_new_grade_reaches_the_account_and_the_analysts(valley, known_publish, quick_sync, product, identified, mode):
    known_publish(valley)
    assert dict(query(product, ACCOUNTS)) == dict(read(identified, PEOPLE)) == grades_in_clever(valley)
    first, second = users_of(valley, "student")[:2]
    before = grades_in_clever(valley)[first]
    set_grade(valley, first, "12")
    set_grade(valley, second, "")
    quick_sync(valley, mode=mode, snapshot=True)
    expected = grades_in_clever(valley) | {first: "12", second: None}
    assert dict(query(product, ACCOUNTS)) == dict(read(identified, PEOPLE)) == expected
    as_of = "select grade from people_as_of((select min(finished_at) from syncs)) where clever_id = ?"
    assert read(identified, as_of, first) == [(before,)]


def test_new_grades_of_everybody_are_published_and_undone(valley, known_sync, quick_sync, product, script):
    known_sync(valley)
    before = dict(query(product, ACCOUNTS))
    for key in users_of(valley, "student"):
        set_grade(valley, key, "13")
    plan = quick_sync(valley)
    assert (plan.total, plan.held) == (len(users_of(valley, "student")), ())
    assert script("undo", str(plan.sync_id)).returncode == 0
    assert dict(query(product, ACCOUNTS)) == before
