"""Accounts from before the connection: which are linked by email, which are not, and the evidence."""

import json

import pytest

from roster_pipeline_tests.support.accounts import (
    LINK,
    account,  # noqa: F401 - fixtures
    reasons,
    row,
    set_user,
)
from roster_pipeline_tests.support.decisions import student_of, teacher_of
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.shared_syncs import shares_syncs


@pytest.fixture
def teacher(valley):
    """A Clever teacher with an address, as a raw object."""
    return set_user(valley, users_of(valley, "teacher")[0], email="ida.moss@example.org", first="Ida", last="Moss")


@pytest.fixture
def student(valley):
    return set_user(valley, users_of(valley, "student")[0], email="tom.reed@example.org", first="Tom", last="Reed")


@shares_syncs
def test_same_email_links_the_account_and_marks_it(town, product, account):
    teacher = teacher_of(town)
    own = account(teacher["email"])
    yield
    ((linked, rule, _),) = query(product, LINK, key=teacher["id"])
    assert (linked, rule) == (own, "email")
    assert row(product, own) == (teacher["email"], "Ida", "Moss", "teacher", True)
    assert reasons(product, teacher["id"]) == set()


@shares_syncs
def test_blanks_around_the_email_are_ignored(town, product, account):
    teacher = teacher_of(town)
    own = account(teacher["email"])
    town.put("users", teacher | {"email": f" \t{teacher['email']}\r\n"})
    yield
    assert [linked for linked, *_ in query(product, LINK, key=teacher["id"])] == [own]


@pytest.mark.parametrize("other", ["Ida.Moss@example.org", "ida.moss+x@example.org", "ida.m\u00f3ss@example.org"])
@shares_syncs
def test_similar_email_gets_a_new_account(town, product, account, *, other):
    teacher = teacher_of(town)
    own = account(other)
    before = row(product, own)
    yield
    ((linked, rule, _),) = query(product, LINK, key=teacher["id"])
    assert (linked != own, rule) == (True, "created")
    assert row(product, own) == before
    assert row(product, linked)[0] == teacher["email"]


def test_account_of_another_organization_is_only_reviewed(valley, hamlet, quick_sync, product, teacher, account):
    own = account(teacher["email"], member_of=hamlet)
    before = row(product, own)
    quick_sync(valley)
    ((linked, rule, _),) = query(product, LINK, key=teacher["id"])
    assert (linked != own, rule) == (True, "created")
    assert row(product, own) == before
    assert row(product, linked)[0] is None
    assert reasons(product, teacher["id"]) == {"other_organization"}


@shares_syncs
def test_admin_of_this_organization_is_linked_and_stays_admin(town, product, account):
    teacher = teacher_of(town)
    own = account(teacher["email"], role="admin", member_of=town, admin=True)
    yield
    yield
    assert [linked for linked, *_ in query(product, LINK, key=teacher["id"])] == [own]
    assert row(product, own)[3] == "admin"
    columns = "role, is_admin, verified_at is not null, source, ended_at"
    member = f"select {columns} from roster.org_memberships where account_id = :id"
    assert query(product, member, id=own) == [("admin", True, True, "native", None)]
    assert reasons(product, teacher["id"]) == set()


def test_admin_of_another_organization_is_never_linked(valley, hamlet, quick_sync, product, teacher, account):
    own = account(teacher["email"], role="admin", member_of=hamlet, admin=True)
    quick_sync(valley)
    assert own not in [linked for linked, *_ in query(product, LINK, key=teacher["id"])]
    assert reasons(product, teacher["id"]) == {"admin_account"}


@pytest.mark.parametrize(
    ("first", "last", "role", "archived", "reason"),
    [
        ("Tom", "Reed", "teacher", False, "role_differs"),
        ("Ann", "Other", "student", False, "name_differs"),
        ("Tom", "Reed", "student", True, "account_closed"),
    ],
)
@shares_syncs
def test_contradiction_creates_account_without_email_and_review(
    town, product, account, *, first, last, role, archived, reason
):
    student = student_of(town)
    own = account(student["email"], first, last, role)
    if archived:
        execute(product, "update roster.accounts set archived_at = now() where id = :id", id=own)
    before = row(product, own)
    yield
    ((linked, rule, _),) = query(product, LINK, key=student["id"])
    assert (linked != own, rule, row(product, linked)[0]) == (True, "created", None)
    assert row(product, own) == before
    assert reasons(product, student["id"]) == {reason}
    classes = [one for one in town.resources["sections"].values() if student["id"] in one["students"]]
    joined = "select count(*) from roster.roster_students where account_id = :id and ended_at is null"
    assert query(product, joined, id=linked) == [(len(classes),)]


@shares_syncs
def test_teacher_of_another_name_is_linked_and_flagged(town, product, account):
    teacher = teacher_of(town)
    own = account(teacher["email"], "Ann", "Other")
    yield
    assert [linked for linked, *_ in query(product, LINK, key=teacher["id"])] == [own]
    assert reasons(product, teacher["id"]) == {"name_differs"}


@shares_syncs
def test_two_children_of_one_email_get_no_account(town, product, account):
    student = student_of(town)
    own = account(student["email"], "Tom", "Reed", "student")
    twin = set_user(town, town.student(2), email=student["email"], first="Kim", last="Reed")
    yield
    for key in (student["id"], twin["id"]):
        ((linked, rule, _),) = query(product, LINK, key=key)
        assert (linked != own, rule) == (True, "created")
        assert reasons(product, key) == {"email_shared"}


@shares_syncs
def test_second_sync_of_an_existing_member_writes_nothing(town, product, account):
    teacher = teacher_of(town)
    own = account(teacher["email"], member_of=town)
    yield
    assert query(product, "select count(*) from roster.identity_links where account_id = :id", id=own) == [(1,)]
    yield
    assert town.counts() == {}


@shares_syncs
def test_second_sync_of_a_signed_up_teacher_writes_nothing(town, product, account):
    teacher = teacher_of(town)
    town.remove("users", teacher["id"])
    yield
    own = account(teacher["email"], member_of=town)
    execute(
        product,
        "insert into roster.school_memberships (school_id, account_id, role) "
        "select id, :id, 'teacher' from roster.schools",
        id=own,
    )
    town.put("users", teacher)
    yield
    assert [linked for linked, *_ in query(product, LINK, key=teacher["id"])] == [own]
    yield
    assert town.counts() == {}


@shares_syncs
def test_evidence_holds_no_name_and_no_email(town, product, account):
    teacher = teacher_of(town)
    student = student_of(town)
    account(teacher["email"], "Idalina", "Mossworth")
    account(student["email"], "Ann", "Other", "student")
    yield
    rows = query(product, "select evidence from roster.identity_links union all select evidence from roster.reviews")
    text = json.dumps([evidence for (evidence,) in rows], ensure_ascii=False).casefold()
    words = {"idalina", "mossworth", "other", "@"}
    for user in town.resources["users"].values():
        words |= {word.casefold() for word in (user.get("email"), *user["name"].values()) if word and len(word) > 4}
    assert not [word for word in words if word in text.replace("other_clever_id", "")]
