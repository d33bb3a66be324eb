"""The commands admins add, list and remove: rights, refusals, the audit trail and the end of sessions."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from roster_pipeline.errors import AdminRefused
from roster_pipeline.product.admins import remove_admin
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.accounts import account  # noqa: F401 - fixtures
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.scripts import (
    complaint,
    script,  # noqa: F401 - fixtures
)

NOW = datetime(2026, 11, 28, tzinfo=UTC)
EMAIL = "ada.admin@example.org"
AUDIT = "select acting, act, target_id, before, after from roster.web_audit order by id"
RIGHTS = "select role, is_admin, admin_scope, source from roster.org_memberships where account_id = :id"
SESSION = """
    insert into roster.web_sessions
        (token_hash, account_id, login_kind, csrf, created_at, seen_at, fresh_at, expires_at)
    values ('hash', :id, 'clever', 'x', now(), now(), now(), now() + interval '1 hour') returning account_id
"""
LIVE_SCHOOLS = """
    select s.clever_id, a.made_by from roster.admin_schools as a join roster.schools as s on s.id = a.school_id
    where a.account_id = :id and a.ended_at is null order by s.clever_id
"""


@pytest.fixture
def admins(script, valley):
    """Run a command admins on the district. Return the process that has ended."""

    def run(verb, email=EMAIL, *more, district=valley.id):
        named = ("--email", email) if email else ()
        return script("admins", verb, "--district", district, *named, *more)

    return run


@pytest.fixture
def answer(admins):
    """Run a command admins that succeeds. Return its JSON."""

    def run(verb, email=EMAIL, *more):
        ended = admins(verb, email, *more, "--json")
        assert ended.returncode == 0, ended.stderr
        return json.loads(ended.stdout)

    return run


def schools_of(product):
    return [key for (key,) in query(product, "select clever_id from roster.schools order by clever_id")]


def state(scope=None, *schools):
    return {"scope": scope, "schools": list(schools)}


def test_first_admin_of_a_district_gets_an_account(valley, product, admins, answer):
    made = answer("add", f" {EMAIL}\n", "--by", "the operator")
    key = made["account_id"]
    assert (made["is_new_account"], made["before"], made["after"]) == (True, state(), state("organization"))
    account = "select email, role, imported_from_clever from roster.accounts where id = :id"
    assert query(product, account, id=key) == [(EMAIL, "admin", False)]
    assert query(product, RIGHTS, id=key) == [("admin", True, "organization", "native")]
    row = ("operator the operator", "manage_admins", str(key), state(), state("organization"))
    assert query(product, AUDIT) == [row]

    again = admins("add")

    assert (again.returncode, "Nothing was changed." in again.stdout) == (0, True)
    assert EMAIL not in again.stdout
    assert query(product, AUDIT) == [row]


def test_schools_are_added_and_never_narrow_a_scope(valley, known_sync, product, answer):
    known_sync(valley)
    first, second, _ = schools_of(product)
    key = answer("add", EMAIL, "--school", first, "--by", "one")["account_id"]
    assert answer("add", EMAIL, "--school", second, "--by", "two")["after"] == state("schools", first, second)
    assert query(product, LIVE_SCHOOLS, id=key) == [(first, "one"), (second, "two")]
    assert answer("add")["after"] == state("organization")
    assert answer("add", EMAIL, "--school", first)["is_change"] is False
    answer("add", "second.admin@example.org")
    assert answer("remove")["after"] == state()
    narrowed = answer("add", EMAIL, "--school", second)
    assert (narrowed["is_new_account"], narrowed["after"]) == (False, state("schools", second))


def test_teacher_from_clever_becomes_an_admin_and_stays_one(valley, quick_sync, known_sync, product, answer):
    known_sync(valley)
    teacher = valley.get("users", users_of(valley, "teacher")[0])
    made = answer("add", teacher["email"])
    quick_sync(valley)
    assert made["is_new_account"] is False
    assert query(product, RIGHTS, id=made["account_id"]) == [("teacher", True, "organization", "clever")]


def test_remove_ends_sessions_but_keeps_the_last_admin(valley, product, admins, answer):
    key = answer("add")["account_id"]
    execute(product, SESSION, id=key)
    last = admins("remove")
    assert (last.returncode, "last admin" in complaint(last), EMAIL in last.stderr) == (2, True, False)
    other = answer("add", "other@example.org")["account_id"]
    assert answer("remove", EMAIL, "--by", "me")["after"] == state()
    assert query(product, RIGHTS, id=key) == [("admin", False, "organization", "native")]
    assert query(product, "select ended_at is not null from roster.web_sessions") == [(True,)]
    row = ("operator me", "manage_admins", str(key), state("organization"), state())
    assert query(product, AUDIT)[-1] == row
    gone = admins("remove")
    assert (gone.returncode, "No admin of district" in complaint(gone)) == (2, True)
    assert [entry["account_id"] for entry in answer("list", None)["admins"]] == [other]


def test_two_removals_at_once_leave_an_admin(valley, product, answer):
    for email in (EMAIL, "other@example.org"):
        answer("add", email)

    def remove(email):
        try:
            with transaction(product) as pg:
                remove_admin(pg, valley.id, email, by="me", at=NOW)
        except AdminRefused:
            return "refused"
        return "removed"

    with ThreadPoolExecutor(2) as pool:
        outcomes = list(pool.map(remove, (EMAIL, "other@example.org")))
    assert sorted(outcomes) == ["refused", "removed"]


def test_accounts_that_cannot_be_admins_are_refused(valley, hamlet, quick_sync, product, admins, account):
    for district in (valley, hamlet):
        quick_sync(district)
    student = next(user for key in users_of(valley, "student") if (user := valley.get("users", key)).get("email"))
    account("student@example.org", role="student")
    execute(product, "update roster.accounts set archived_at = now() where id = :id returning id", id=account(EMAIL))
    foreign = hamlet.get("users", users_of(hamlet, "teacher")[0])["email"]
    reasons = {
        student["email"]: "is a student's",
        "student@example.org": "is a student's",
        EMAIL: "is archived",
        foreign: "another district",
        "nobody": "no email address",
    }
    for email, reason in reasons.items():
        refused = admins("add", email)
        assert (refused.returncode, reason in complaint(refused), email in refused.stderr) == (2, True, False), reason
    assert query(product, AUDIT) == []


def test_school_of_another_district_is_refused(valley, hamlet, known_sync, product, admins):
    known_sync(hamlet)
    refused = admins("add", EMAIL, "--school", schools_of(product)[0])
    assert (refused.returncode, "has no school" in complaint(refused)) == (2, True)
    assert query(product, "select 1 from roster.accounts where email = :email", email=EMAIL) == []
    unnamed = admins("add", EMAIL, "--by", "x" * 201)
    assert (unnamed.returncode, "1 to 200 printable characters" in complaint(unnamed)) == (2, True)
    unknown = admins("add", EMAIL, district="0" * 24)
    assert (unknown.returncode, "is not connected" in complaint(unknown)) == (2, True)


def test_list_names_the_next_step_to_the_first_update(valley, quick_sync, admins, answer):
    def states():
        return {step["name"]: step["state"] for step in answer("list", None)["checklist"]}

    before = answer("list", None)
    assert (before["admins"], before["next"], states()["shared"]) == ([], "first_admin", "unknown")
    said = admins("list", None).stdout
    assert "Next: Make the first admin: roster-pipeline admins add." in said
    answer("add")
    assert answer("list", None)["next"] == "fix_list"
    quick_sync(valley)
    after = answer("list", None)
    assert (after["next"], states()) == (
        None,
        dict.fromkeys(states(), "done") | {"fix_list": "missing"},
    )
    said = admins("list", None).stdout
    assert (EMAIL in said, "the whole district" in said, "Next" in said) == (True, True, False)
