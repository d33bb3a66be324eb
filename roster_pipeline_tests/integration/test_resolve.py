"""Resolving a review takes effect at once, later syncs keep it, and undo reverses it."""

from datetime import UTC, datetime

import pytest

from roster_pipeline.corrections.resolve import resolve_review
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.accounts import MEMBER, set_user
from roster_pipeline_tests.support.decisions import (
    NAMES,
    classes_of,
    link_of,
    live_classes,
    open_reviews,
    rename,
    student_of,
    teacher_of,
    with_new_id,
)
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.shared_syncs import shares_syncs

DECISION = "select state, decision, decided_by from roster.reviews where clever_id = :key"


@pytest.mark.parametrize(
    ("first", "last", "role", "closed", "decision"),
    [
        ("Ann", "Other", "student", False, "same"),
        ("Ann", "Other", "student", False, "link"),
        ("Tom", "Reed", "teacher", False, "link"),
        ("Tom", "Reed", "student", True, "link"),
    ],
)
@shares_syncs
def test_same_person_takes_the_account_and_closes_the_empty_one(
    town, product, account, decide, undo, *, first, last, role, closed, decision
):
    student = student_of(town)
    own = account(student["email"], first, last, role)
    if closed:
        execute(product, "update roster.accounts set archived_at = now() where id = :id", id=own)
    yield
    empty = link_of(product, student)[0]
    before = town.live_rows()
    decided = decide(student, decision)
    assert link_of(product, student) == (own, decision)
    assert query(product, NAMES, id=own) == [("Tom", "Reed", student["email"], "student", False)]
    assert query(product, NAMES, id=empty)[0][4]
    assert live_classes(product, own) == classes_of(town, student)
    assert live_classes(product, empty) == set()
    versions = town.rows()
    yield
    assert town.counts() == {}
    assert town.rows() == versions
    undo(decided.sync_id)
    assert town.live_rows() == before
    assert link_of(product, student) == (empty, "created")


@shares_syncs
def test_other_person_moves_nothing_and_is_not_asked_again(town, product, account, decide):
    student = student_of(town)
    account(student["email"], "Ann", "Other")
    yield
    before = town.live_rows()
    decide(student, "create")
    assert town.live_rows() | {"reviews": []} == before | {"reviews": []}
    yield
    assert town.counts() == {}
    set_user(town, student["id"], email=town.address("another"), first="Tom", last="Reed")
    yield
    set_user(town, student["id"], email=student["email"], first="Tom", last="Reed")
    yield
    assert query(
        product, "select state, decision, decided_by from roster.reviews where clever_id = :key", key=student["id"]
    ) == [("resolved", "create", "the admin")]


@shares_syncs
def test_relinked_id_gets_the_account_with_classes_and_history(town, product, decide, undo):
    student = student_of(town)
    yield
    own = link_of(product, student)[0]
    mine = classes_of(town, student)
    again = with_new_id(town, student, f"{town.part[-1]}eef")
    yield
    empty = link_of(product, again)[0]
    before = town.live_rows()
    assert live_classes(product, empty) == mine
    decided = decide(again, "relink")
    assert link_of(product, again) == (own, "relink")
    assert live_classes(product, own) == mine
    links = query(
        product,
        "select clever_id, account_id, decided_by, unlinked_at is null from roster.identity_links "
        "where account_id in (:own, :empty) order by id",
        own=own,
        empty=empty,
    )
    assert links == [
        (student["id"], own, "sync", False),
        (again["id"], empty, "sync", False),
        (again["id"], own, "the admin", True),
    ]
    yield
    assert town.counts() == {}
    undo(decided.sync_id)
    assert town.live_rows() == before


@shares_syncs
def test_relink_of_a_shared_persons_account_is_refused(town, decide):
    student = student_of(town)
    yield
    again = {**student, "id": f"{student['id'][:-3]}eef"}
    town.put("users", student | {"email": "no address"})
    town.put("users", again)
    yield
    before = town.rows()
    with pytest.raises(CorrectionRefused, match="Clever still shares"):
        decide(again, "relink")
    assert town.rows() == before


def test_account_that_joined_another_organization_is_refused(
    valley, hamlet, quick_sync, product, student, account, decide
):
    own = account(student["email"], "Ann", "Other")
    quick_sync(valley)
    execute(product, MEMBER, account=own, role="student", admin=False, district=hamlet.id)
    with pytest.raises(CorrectionRefused, match="another organization"):
        decide(student, "same")


@shares_syncs
def test_recycled_id_of_the_same_person_is_renamed(town, product, decide, undo):
    person, own = yield from rename(town, product)
    before = town.live_rows()
    decided = decide(person, "same")
    assert query(product, NAMES, id=own) == [("Kim", "West", town.address("tom.reed"), "student", False)]
    assert live_classes(product, own) == classes_of(town, person)
    undo(decided.sync_id)
    assert town.live_rows() == before
    decide(person, "same")
    yield
    assert query(product, NAMES, id=own) == [("Kim", "West", town.address("kim.west"), "student", False)]
    assert open_reviews(product, person) == []
    yield
    assert town.counts() == {}


@shares_syncs
def test_recycled_id_of_another_person_gets_a_new_account(town, product, decide, undo):
    person, own = yield from rename(town, product)
    before = town.live_rows()
    decided = decide(person, "different")
    fresh = link_of(product, person)[0]
    assert fresh not in (None, own)
    assert query(product, NAMES, id=fresh) == [("Kim", "West", None, "student", False)]
    assert query(product, NAMES, id=own) == [("Tom", "Reed", town.address("tom.reed"), "student", False)]
    assert live_classes(product, fresh) == classes_of(town, person)
    assert live_classes(product, own) == set()
    undo(decided.sync_id)
    assert town.live_rows() == before
    decide(person, "different")
    fresh = link_of(product, person)[0]
    yield
    assert query(product, NAMES, id=fresh) == [("Kim", "West", town.address("kim.west"), "student", False)]
    yield
    assert town.counts() == {}


@shares_syncs
def test_unlinked_teacher_leaves_the_account_as_before(town, product, account, decide, undo):
    teacher = teacher_of(town)
    own = account(teacher["email"], "Ann", "Other", "teacher")
    yield
    assert link_of(product, teacher) == (own, "email")
    before = town.live_rows()
    decided = decide(teacher, "different")
    fresh = link_of(product, teacher)[0]
    marked = "select first_name, last_name, email, imported_from_clever from roster.accounts where id = :id"
    assert query(product, marked, id=own) == [("Ann", "Other", town.address("ida.moss"), False)]
    assert query(product, marked, id=fresh) == [("Ida", "Moss", None, True)]
    yield
    assert town.counts() == {}
    undo(decided.sync_id)
    assert town.live_rows() == before


@shares_syncs
def test_confirmed_teacher_only_closes_the_review(town, account, decide):
    teacher = teacher_of(town)
    account(teacher["email"], "Ann", "Other", "teacher")
    yield
    before = town.live_rows()
    decide(teacher, "same")
    assert town.live_rows() | {"reviews": []} == before | {"reviews": []}
    yield
    assert town.counts() == {}


@shares_syncs
def test_shared_email_goes_to_the_chosen_person(town, product, decide):
    student = student_of(town)
    twin = set_user(town, town.student(2), email=student["email"], first="Kim", last="Reed")
    yield
    decide(student, "link")
    with pytest.raises(CorrectionRefused, match="has since"):
        decide(twin, "link")
    decide(twin, "create")
    yield
    addresses = [query(product, NAMES, id=link_of(product, one)[0])[0][2] for one in (student, twin)]
    assert addresses == [student["email"], None]
    yield
    assert town.counts() == {}


@shares_syncs
def test_native_class_keeps_its_member_after_a_link(town, product, account, decide):
    student = student_of(town)
    own = account(student["email"], "Ann", "Other")
    yield
    native = execute(
        product,
        "insert into roster.rosters (organization_id, name) select id, 'Chess' from roster.organizations returning id",
    )
    execute(
        product,
        "insert into roster.roster_students (roster_id, account_id) values (:roster, :id)",
        roster=native,
        id=link_of(product, student)[0],
    )
    decide(student, "same")
    members = "select account_id from roster.roster_students where roster_id = :roster and ended_at is null"
    assert query(product, members, roster=native) == [(own,)]


@shares_syncs
def test_senseless_or_repeated_decision_is_refused_in_one_line(town, product, account, decide):
    student = student_of(town)
    account(student["email"], "Tom", "Reed", "teacher")
    yield
    ((review,),) = query(product, "select id from roster.reviews where clever_id = :key", key=student["id"])
    with pytest.raises(CorrectionRefused, match="offers link and create, not relink"):
        decide(student, "relink")
    decide(student, "create")
    for number, said in ((review, "already resolved as create"), (review + 999_999, "no review")):
        with transaction(product) as pg, pytest.raises(CorrectionRefused, match=said):
            resolve_review(pg, number, "create", decided_by="the admin", at=datetime.now(UTC))


@shares_syncs
def test_freed_email_ends_the_review(town, product, account):
    student = student_of(town)
    own = account(student["email"], "Ann", "Other")
    yield
    execute(product, "update roster.accounts set email = 'ann@example.org' where id = :id", id=own)
    yield
    assert query(product, NAMES, id=link_of(product, student)[0])[0][2] == student["email"]
    assert query(product, DECISION, key=student["id"]) == [("resolved", "settled", "sync")]
