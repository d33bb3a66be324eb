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
    rename,
    student_of,
    teacher_of,
    with_new_id,
    withdraw,
)
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import execute, query, row_versions
from roster_pipeline_tests.support.shared_syncs import shares_syncs

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


@shares_syncs
def test_new_admin_is_not_linked_away(town, product, account, refused):
    teacher = teacher_of(town)
    execute(product, ARCHIVE, as_sync=True, id=account(teacher["email"], "Ida", "Moss", "teacher"))
    yield
    execute(
        product,
        "update roster.org_memberships set is_admin = true where account_id = :id",
        id=link_of(product, teacher)[0],
    )
    refused(teacher, "link", "an admin or also belongs to another organization. End that first, or use --as create.")


@shares_syncs
def test_recycled_id_of_an_admin_is_not_parted(town, product, refused):
    person, own = yield from rename(town, product)
    execute(product, PROMOTE, as_sync=True, id=own)
    refused(person, "different", "End that first, or use --as same.")


@shares_syncs
def test_verified_teacher_stays_verified_on_a_closed_account(town, product, account, decide):
    teacher = teacher_of(town)
    own = account(teacher["email"], "Ida", "Moss", "teacher")
    execute(product, ARCHIVE, as_sync=True, id=own)
    yield
    empty = link_of(product, teacher)[0]
    execute(product, "update roster.org_memberships set verified_at = '2026-01-01' where account_id = :id", id=empty)
    decide(teacher, "link")
    live = "select verified_at is not null from roster.org_memberships where account_id = :id and ended_at is null"
    assert query(product, live, id=own) == [(True,)]


@shares_syncs
def test_recycled_id_of_another_person_is_unverified(town, product, decide):
    person, own = yield from rename(town, product)
    execute(product, "update roster.org_memberships set verified_at = '2026-01-01' where account_id = :id", id=own)
    decide(person, "different")
    member = "select verified_at is not null, ended_at is null from roster.org_memberships where account_id = :id"
    assert query(product, member, id=link_of(product, person)[0]) == [(False, True)]
    assert query(product, member, id=own) == [(True, False)]


@shares_syncs
def test_native_memberships_follow_to_a_closed_account(town, product, account, decide, undo):
    teacher = teacher_of(town)
    own = account(teacher["email"], "Ida", "Moss", "teacher")
    execute(product, ARCHIVE, as_sync=True, id=own)
    yield
    empty = link_of(product, teacher)[0]
    for table in MEMBERSHIPS:
        execute(product, f"update roster.{table} set source = 'native' where account_id = :id", as_sync=True, id=empty)
    before = town.live_rows()
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
    yield
    assert town.counts() == {}
    undo(decided.sync_id)
    assert town.live_rows() == before


@shares_syncs
def test_student_cannot_be_linked_to_an_admin_account(town, product, account, refused):
    student = student_of(town)
    own = account(student["email"], role="admin")
    execute(product, MEMBER, account=own, role="admin", admin=True, district=town.id)
    yield
    assert open_reviews(product, student) == [("role_differs", own)]
    refused(student, "link", "is an admin and the person is a student")


@shares_syncs
def test_relink_of_a_teacher_shared_only_in_classes_is_refused(town, product, account, refused):
    """Their memberships of organization and schools are the product's own, and no sync ends them."""
    teacher = teacher_of(town)
    town.remove("users", teacher["id"])
    yield
    own = account(teacher["email"], "Ida", "Moss", "teacher")
    execute(product, MEMBER, account=own, role="teacher", admin=False, district=town.id)
    execute(
        product,
        "insert into roster.school_memberships (school_id, account_id, role) "
        "select id, :id, 'teacher' from roster.schools",
        id=own,
    )
    town.put("users", teacher)
    yield
    assert link_of(product, teacher) == (own, "email")
    town.put("users", teacher | {"email": "no address"})
    again = teacher | {"id": f"{teacher['id'][:-3]}eef", "name": {"first": "Ian", "last": "Moor"}}
    town.put("users", again)
    yield
    refused(again, "relink", "Clever still shares")


@shares_syncs
def test_old_account_never_gets_the_role_of_a_recycled_id(town, product, decide):
    student = student_of(town)
    teacher = teacher_of(town)
    yield
    own = link_of(product, student)[0]
    for key in classes_of(town, student):
        withdraw(town, key, student)
    recycled = teacher | {"id": student["id"], "email": town.address("kim"), "name": {"first": "Kim", "last": "West"}}
    town.put("users", recycled)
    yield
    unchanged = [("Tom", "Reed", student["email"], "student", False)]
    assert query(product, NAMES, id=own) == unchanged
    decide(recycled, "different")
    yield
    assert query(product, NAMES, id=own) == unchanged
    fresh = link_of(product, recycled)[0]
    assert query(product, NAMES, id=fresh) == [("Kim", "West", town.address("kim"), "teacher", False)]


@shares_syncs
def test_linked_account_becomes_a_member_again(town, product, account, decide):
    student = student_of(town)
    own = account(student["email"], "Ann", "Other")
    execute(product, MEMBER, account=own, role="student", admin=False, district=town.id)
    execute(product, "update roster.org_memberships set ended_at = now() where account_id = :id", id=own)
    yield
    decide(student, "same")
    yield
    assert query(product, "select ended_at from roster.org_memberships where account_id = :id", id=own) == [(None,)]


@shares_syncs
def test_returning_relinked_id_opens_a_review_again(town, product, decide):
    student = student_of(town)
    yield
    own = link_of(product, student)[0]
    other = with_new_id(town, student, f"{town.part[-1]}ee2")
    yield
    decide(other, "relink")
    leave(town, other["id"])
    town.put("users", student)
    yield
    decide(student, "relink")
    leave(town, student["id"])
    town.put("users", other)
    yield
    assert open_reviews(product, other) == [("already_linked", own)]


@shares_syncs
def test_classes_of_a_departed_recycled_id_stay_pending(town, product, decide):
    person, own = yield from rename(town, product)
    waiting = "select roster_id from roster.pending_members where clever_id = :key order by 1"
    town.remove("users", person["id"])
    yield
    before = query(product, waiting, key=person["id"])
    assert before
    decide(person, "same")
    assert live_classes(product, own) == set()
    assert query(product, waiting, key=person["id"]) == before


@shares_syncs
def test_review_of_a_changed_account_is_opened_once(town, product, account):
    """The address that two share belongs to nobody, and then to a new account."""
    student = student_of(town)
    yield
    for key, first in ((student["id"], "Tom"), (town.student(2), "Kim")):
        set_user(town, key, email=town.address("shared"), first=first, last="Reed")
    yield
    execute(product, ARCHIVE, as_sync=True, id=link_of(product, student)[0])
    account(town.address("shared"), "Zoe", "Else")
    yield
    assert [reason for reason, _ in open_reviews(product, student)] == ["email_shared"]


@shares_syncs
def test_taken_email_leaves_the_unlinked_account_without_one(town, product, account, decide):
    teacher = teacher_of(town)
    own = account(teacher["email"], "Ann", "Other", "teacher")
    yield
    set_user(town, teacher["id"], email=town.address("ida2"), first="Ida", last="Moss")
    yield
    other = account(teacher["email"], "Zoe", "Else", "teacher")
    decide(teacher, "different")
    assert query(product, NAMES, id=own) == [("Ann", "Other", None, "teacher", False)]
    assert query(product, NAMES, id=other)[0][2] == teacher["email"]


def test_recycled_id_is_enrolled_once_where_it_was_pending(
    valley, quick_sync, known_sync, product, student, undo, decide
):
    known_sync(valley)
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


def test_evidence_reveals_nothing_of_another_organization(
    valley, hamlet, quick_sync, known_sync, product, student, account
):
    known_sync(valley)
    hidden = account("moved@example.org", "Tom", "Reed")
    execute(product, MEMBER, account=hidden, role="student", admin=False, district=hamlet.id)
    set_user(valley, student["id"], email="moved@example.org", first="Tom", last="Reed")
    quick_sync(valley)
    ((evidence,),) = query(product, "select evidence from roster.reviews where clever_id = :key", key=student["id"])
    told = {name for name, value in evidence.items() if name != "rule" and value}
    assert (told, evidence["suggestion"]) == ({"suggestion"}, "create")


@pytest.mark.parametrize("by", ["sync", "", "a\nb", "\x1b[31mred", "\u202eabc", "\udcff", "x" * 201])
@shares_syncs
def test_decider_that_is_the_sync_or_unprintable_is_refused(town, account, refused, *, by):
    student = student_of(town)
    account(student["email"], "Ann", "Other")
    yield
    refused(student, "create", "printable characters", by=by)
