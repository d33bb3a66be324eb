"""Decisions about accounts in use elsewhere, emails taken meanwhile, and people who left or come back."""

import pytest

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline_tests.support.accounts import MEMBER, set_user
from roster_pipeline_tests.support.decisions import (
    NAMES,
    classes_of,
    enrol,
    link_of,
    live_classes,
    open_reviews,
    with_new_id,
    withdraw,
)
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import execute, live_rows, query, row_versions

ARCHIVE = "update roster.accounts set archived_at = now() where id = :id"
MEMBERSHIPS = ("org_memberships", "school_memberships")
PROMOTE = "update roster.accounts set role = 'admin' where id = :id"


@pytest.fixture
def teacher(valley):
    return set_user(valley, users_of(valley, "teacher")[0], email="ida.moss@example.org", first="Ida", last="Moss")


@pytest.fixture
def refused(product, decide):
    """A decision that is refused for the reason said, and changes nothing."""

    def asked(person, decision, said, **options):
        before = row_versions(product)
        with pytest.raises(CorrectionRefused, match=said):
            decide(person, decision, **options)
        assert row_versions(product) == before

    return asked


def test_member_of_another_organization_is_not_linked_away(
    valley, hamlet, quick_sync, product, student, account, refused
):
    account(student["email"], "Ann", "Other")
    quick_sync(valley)
    own = link_of(product, student)[0]
    execute(product, MEMBER, account=own, role="student", admin=False, district=hamlet.id)
    refused(student, "same", "End that first, or use --as create.")


def test_new_admin_is_not_linked_away(valley, quick_sync, product, teacher, account, refused):
    execute(product, ARCHIVE, as_sync=True, id=account(teacher["email"], "Ida", "Moss", "teacher"))
    quick_sync(valley)
    execute(
        product,
        "update roster.org_memberships set is_admin = true where account_id = :id",
        id=link_of(product, teacher)[0],
    )
    refused(teacher, "link", "an admin or also belongs to another organization. End that first, or use --as create.")


def test_recycled_id_of_an_admin_is_not_parted(product, renamed, refused):
    person, own = renamed
    execute(product, PROMOTE, as_sync=True, id=own)
    refused(person, "different", "End that first, or use --as same.")


def test_verified_teacher_stays_verified_on_a_closed_account(valley, quick_sync, product, teacher, account, decide):
    own = account(teacher["email"], "Ida", "Moss", "teacher")
    execute(product, ARCHIVE, as_sync=True, id=own)
    quick_sync(valley)
    empty = link_of(product, teacher)[0]
    execute(product, "update roster.org_memberships set verified_at = '2026-01-01' where account_id = :id", id=empty)
    decide(teacher, "link")
    live = "select verified_at is not null from roster.org_memberships where account_id = :id and ended_at is null"
    assert query(product, live, id=own) == [(True,)]


def test_recycled_id_of_another_person_is_unverified(product, renamed, decide):
    person, own = renamed
    execute(product, "update roster.org_memberships set verified_at = '2026-01-01' where account_id = :id", id=own)
    decide(person, "different")
    member = "select verified_at is not null, ended_at is null from roster.org_memberships where account_id = :id"
    assert query(product, member, id=link_of(product, person)[0]) == [(False, True)]
    assert query(product, member, id=own) == [(True, False)]


def test_native_memberships_follow_to_a_closed_account(valley, quick_sync, product, teacher, account, decide, undo):
    own = account(teacher["email"], "Ida", "Moss", "teacher")
    execute(product, ARCHIVE, as_sync=True, id=own)
    quick_sync(valley)
    empty = link_of(product, teacher)[0]
    for table in MEMBERSHIPS:
        execute(product, f"update roster.{table} set source = 'native' where account_id = :id", as_sync=True, id=empty)
    before = live_rows(product)
    decided = decide(teacher, "link")
    found = {
        table: query(
            product,
            f"select account_id, source from roster.{table} where account_id in (:own, :empty) and ended_at is null",
            own=own,
            empty=empty,
        )
        for table in MEMBERSHIPS
    }
    assert found == {table: [(own, "native")] for table in MEMBERSHIPS}
    assert quick_sync(valley).total == 0
    undo(decided.sync_id)
    assert live_rows(product) == before


def test_student_cannot_be_linked_to_an_admin_account(valley, quick_sync, product, student, account, refused):
    own = account(student["email"], role="admin")
    execute(product, MEMBER, account=own, role="admin", admin=True, district=valley.id)
    quick_sync(valley)
    assert open_reviews(product, student) == [("role_differs", own)]
    refused(student, "link", "is an admin and the person is a student")


def test_relink_of_a_teacher_shared_only_in_classes_is_refused(valley, quick_sync, product, teacher, account, refused):
    """Their memberships of organization and schools are the product's own, and no sync ends them."""
    valley.remove("users", teacher["id"])
    quick_sync(valley)
    own = account(teacher["email"], "Ida", "Moss", "teacher")
    execute(product, MEMBER, account=own, role="teacher", admin=False, district=valley.id)
    execute(
        product,
        "insert into roster.school_memberships (school_id, account_id, role) "
        "select id, :id, 'teacher' from roster.schools",
        id=own,
    )
    valley.put("users", teacher)
    quick_sync(valley)
    assert link_of(product, teacher) == (own, "email")
    valley.put("users", teacher | {"email": "no address"})
    again = teacher | {"id": teacher["id"][:-4] + "beef", "name": {"first": "Ian", "last": "Moor"}}
    valley.put("users", again)
    quick_sync(valley)
    refused(again, "relink", "Clever still shares")


def test_old_account_never_gets_the_role_of_a_recycled_id(valley, quick_sync, product, student, teacher, decide):
    quick_sync(valley)
    own = link_of(product, student)[0]
    for key in classes_of(valley, student):
        withdraw(valley, key, student)
    recycled = teacher | {"id": student["id"], "email": "kim@example.org", "name": {"first": "Kim", "last": "West"}}
    valley.put("users", recycled)
    quick_sync(valley)
    unchanged = [("Tom", "Reed", student["email"], "student", False)]
    assert query(product, NAMES, id=own) == unchanged
    decide(recycled, "different")
    quick_sync(valley)
    assert query(product, NAMES, id=own) == unchanged
    fresh = link_of(product, recycled)[0]
    assert query(product, NAMES, id=fresh) == [("Kim", "West", "kim@example.org", "teacher", False)]


def test_linked_account_becomes_a_member_again(valley, quick_sync, product, student, account, decide):
    own = account(student["email"], "Ann", "Other")
    execute(product, MEMBER, account=own, role="student", admin=False, district=valley.id)
    execute(product, "update roster.org_memberships set ended_at = now() where account_id = :id", id=own)
    quick_sync(valley)
    decide(student, "same")
    quick_sync(valley)
    assert query(product, "select ended_at from roster.org_memberships where account_id = :id", id=own) == [(None,)]


def test_returning_relinked_id_opens_a_review_again(valley, quick_sync, product, student, decide):
    quick_sync(valley)
    own = link_of(product, student)[0]
    other = with_new_id(valley, student, "bee2")
    quick_sync(valley)
    decide(other, "relink")
    leave(valley, other["id"])
    valley.put("users", student)
    quick_sync(valley)
    decide(student, "relink")
    leave(valley, student["id"])
    valley.put("users", other)
    quick_sync(valley)
    assert open_reviews(product, other) == [("already_linked", own)]


def test_classes_of_a_departed_recycled_id_stay_pending(valley, quick_sync, product, renamed, decide):
    person, own = renamed
    waiting = "select roster_id from roster.pending_members where clever_id = :key order by 1"
    valley.remove("users", person["id"])
    quick_sync(valley)
    before = query(product, waiting, key=person["id"])
    assert before
    decide(person, "same")
    assert live_classes(product, own) == set()
    assert query(product, waiting, key=person["id"]) == before


def test_review_of_a_changed_account_is_opened_once(valley, quick_sync, product, student, account):
    """The address that two share belongs to nobody, and then to a new account."""
    quick_sync(valley)
    for key, first in zip(users_of(valley, "student"), ("Tom", "Kim"), strict=False):
        set_user(valley, key, email="shared@example.org", first=first, last="Reed")
    quick_sync(valley)
    execute(product, ARCHIVE, as_sync=True, id=link_of(product, student)[0])
    account("shared@example.org", "Zoe", "Else")
    quick_sync(valley)
    assert [reason for reason, _ in open_reviews(product, student)] == ["email_shared"]


def test_taken_email_leaves_the_unlinked_account_without_one(valley, quick_sync, product, teacher, account, decide):
    own = account(teacher["email"], "Ann", "Other", "teacher")
    quick_sync(valley)
    set_user(valley, teacher["id"], email="ida2@example.org", first="Ida", last="Moss")
    quick_sync(valley)
    other = account(teacher["email"], "Zoe", "Else", "teacher")
    decide(teacher, "different")
    assert query(product, NAMES, id=own) == [("Ann", "Other", None, "teacher", False)]
    assert query(product, NAMES, id=other)[0][2] == teacher["email"]


def test_recycled_id_is_enrolled_once_where_it_was_pending(valley, quick_sync, product, student, undo, decide):
    quick_sync(valley)
    key = min(classes_of(valley, student))
    withdraw(valley, key, student)
    withdrawn = quick_sync(valley).sync_id
    enrol(valley, key, student)
    person = set_user(valley, student["id"], email="kim.west@example.org", first="Kim", last="West")
    quick_sync(valley)
    assert query(product, "select clever_id from roster.pending_members") == [(person["id"],)]
    undo(withdrawn)
    decide(person, "different")
    assert live_classes(product, link_of(product, person)[0]) == classes_of(valley, person)
    assert query(product, "select clever_id from roster.pending_members") == []


def test_evidence_reveals_nothing_of_another_organization(valley, hamlet, quick_sync, product, student, account):
    quick_sync(valley)
    hidden = account("moved@example.org", "Tom", "Reed")
    execute(product, MEMBER, account=hidden, role="student", admin=False, district=hamlet.id)
    set_user(valley, student["id"], email="moved@example.org", first="Tom", last="Reed")
    quick_sync(valley)
    ((evidence,),) = query(product, "select evidence from roster.reviews where clever_id = :key", key=student["id"])
    told = {name for name, value in evidence.items() if name != "rule" and value}
    assert (told, evidence["suggestion"]) == ({"suggestion"}, "create")


@pytest.mark.parametrize("by", ["sync", "", "a\nb", "\x1b[31mred", "\u202eabc", "\udcff", "x" * 201])
def test_decider_that_is_the_sync_or_unprintable_is_refused(valley, quick_sync, student, account, refused, by):
    account(student["email"], "Ann", "Other")
    quick_sync(valley)
    refused(student, "create", "printable characters", by=by)
