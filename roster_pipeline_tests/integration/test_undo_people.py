"""Undo leaves no person between two accounts, without one, or without data that was added since."""

import pytest

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline_tests.support.accounts import MEMBER, set_user
from roster_pipeline_tests.support.decisions import (
    NAMES,
    another_class,
    classes_of,
    enrol,
    link_of,
    live_classes,
    open_reviews,
    rename,
    student_of,
    with_new_id,
    withdraw,
)
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, live_rows, query, row_versions
from roster_pipeline_tests.support.shared_syncs import shares_syncs


def test_rejoined_class_survives_the_undo_of_the_first_joining(valley, quick_sync, known_sync, product, student, undo):
    known_sync(valley)
    key = another_class(valley, student)
    enrol(valley, key, student)
    first = quick_sync(valley).sync_id
    withdraw(valley, key, student)
    quick_sync(valley)
    enrol(valley, key, student)
    quick_sync(valley)
    undone = undo(first)
    assert live_classes(product, link_of(product, student)[0]) == classes_of(valley, student)
    assert [skipped["entity"] for skipped in undone.skipped] == ["roster_students"]


@shares_syncs
def test_second_relink_survives_the_undo_of_the_first(town, product, decide, undo):
    student = student_of(town)
    yield
    own = link_of(product, student)[0]
    second = with_new_id(town, student, f"{town.part[-1]}ee2")
    yield
    relinked = decide(second, "relink")
    third = with_new_id(town, second, f"{town.part[-1]}ee3")
    yield
    decide(third, "relink")
    undo(relinked.sync_id)
    assert link_of(product, third) == (own, "relink")
    assert live_classes(product, own) == classes_of(town, third)
    assert query(product, NAMES, id=own) == [("Tom", "Reed", student["email"], "student", False)]


@shares_syncs
def test_redone_decision_takes_no_account_from_another_person(town, account, decide, undo):
    student = student_of(town)
    account(student["email"], "Ann", "Other")
    twin = set_user(town, town.student(2), email=student["email"], first="Kim", last="Reed")
    yield
    undone = undo(decide(student, "link").sync_id)
    decide(twin, "link")
    before = town.live_rows()
    assert undo(undone.sync_id).skipped
    assert town.live_rows() == before


@shares_syncs
def test_undone_parting_leaves_each_person_their_account(town, product, decide, undo):
    person, old = yield from rename(town, product)
    parted = decide(person, "different")
    fresh = link_of(product, person)[0]
    yield
    owner = person | {
        "id": f"{person['id'][:-3]}eef",
        "email": town.address("tom.reed"),
        "name": {"first": "Tom", "last": "Reed"},
    }
    town.put("users", owner)
    yield
    assert link_of(product, owner) == (old, "email")
    undo(parted.sync_id)
    assert link_of(product, owner) == (old, "email")
    assert link_of(product, person) == (fresh, "different")
    assert live_classes(product, old) == set()
    assert live_classes(product, fresh) == classes_of(town, person)


@pytest.mark.parametrize(
    ("first", "then", "names"),
    [("different", "same", ("Kim", "West", "kim.west")), ("same", "different", ("Tom", "Reed", "tom.reed"))],
)
@shares_syncs
def test_undone_decision_and_sync_are_independent(town, product, decide, undo, *, first, then, names):
    person, own = yield from rename(town, product)
    decided = decide(person, first)
    yield
    assert undo(decided.sync_id).skipped == []
    decide(person, then)
    yield
    *named, name = names
    assert query(product, NAMES, id=own) == [(*named, town.address(name), "student", False)]
    assert live_classes(product, link_of(product, person)[0]) == classes_of(town, person)
    assert open_reviews(product, person) == []


@shares_syncs
def test_undone_link_returns_the_account_to_its_owner(town, product, account, decide, undo):
    student = student_of(town)
    own = account(student["email"], "Ann", "Other")
    yield
    decided = decide(student, "same")
    set_user(town, student["id"], email=town.address("tom2"), first="Tom", last="Reed")
    yield
    undo(decided.sync_id)
    yield
    assert query(product, NAMES, id=own) == [("Ann", "Other", student["email"], "student", False)]
    assert query(product, NAMES, id=link_of(product, student)[0])[0][2] == town.address("tom2")


@pytest.mark.parametrize(
    "promotion",
    [
        "update roster.org_memberships set is_admin = true where account_id = :id",
        "update roster.accounts set role = 'admin' where id = :id",
    ],
)
def test_admin_made_since_survives_the_undo(valley, quick_sync, product, undo, promotion):
    teacher = set_user(valley, users_of(valley, "teacher")[0], email="ida.moss@example.org", first="Ida", last="Moss")
    sync_id = quick_sync(valley).sync_id
    own = link_of(product, teacher)[0]
    execute(product, promotion, as_sync="accounts" in promotion, id=own)

    def held():
        member = "select role, is_admin, ended_at from roster.org_memberships where account_id = :id"
        taught = "select roster_id from roster.roster_teachers where account_id = :id and ended_at is null order by 1"
        return [query(product, read, id=own) for read in (NAMES, member, taught)], link_of(product, teacher)

    before = held()
    undo(sync_id)
    assert held() == before
    quick_sync(valley)
    assert held() == before


def test_account_used_elsewhere_stays_open_with_its_email(valley, hamlet, known_sync, product, student, undo):
    sync_id = known_sync(valley).sync_id
    own = link_of(product, student)[0]
    execute(product, MEMBER, account=own, role="student", admin=False, district=hamlet.id)
    assert {"entity": "accounts", "key": {"id": own}} in undo(sync_id).skipped
    assert query(product, NAMES, id=own) == [("Tom", "Reed", student["email"], "student", False)]


def test_reopened_account_returns_without_a_taken_email(valley, known_sync, product, student, account, undo):
    sync_id = known_sync(valley).sync_id
    own = link_of(product, student)[0]
    undone = undo(sync_id)
    other = account(student["email"], "Ann", "Other")
    undo(undone.sync_id)
    assert query(product, NAMES, id=own) == [("Tom", "Reed", None, "student", False)]
    assert query(product, NAMES, id=other) == [("Ann", "Other", student["email"], "student", False)]
    assert live_classes(product, own) == classes_of(valley, student)


def test_undo_reopens_the_review_that_the_sync_ended(valley, quick_sync, known_sync, product, student, account, undo):
    known_sync(valley)
    for address in ("a@example.org", "b@example.org"):
        account(address, "Ann", "Other")
    set_user(valley, student["id"], email="a@example.org", first="Tom", last="Reed")
    quick_sync(valley)
    before = live_rows(product)
    assert before["reviews"]
    set_user(valley, student["id"], email="b@example.org", first="Tom", last="Reed")
    sync_id = quick_sync(valley).sync_id
    assert live_rows(product)["reviews"] != before["reviews"]
    undo(sync_id)
    assert live_rows(product) == before


@shares_syncs
def test_undo_leaves_only_the_newer_review_open(town, product, account, decide, undo):
    student = student_of(town)
    yield
    account(town.address("a"), "Ann", "Other")
    newer = account(town.address("b"), "Bea", "Else")
    set_user(town, student["id"], email=town.address("a"), first="Tom", last="Reed")
    yield
    decided = decide(student, "create")
    set_user(town, student["id"], email=town.address("b"), first="Tom", last="Reed")
    yield
    undo(decided.sync_id)
    assert open_reviews(product, student) == [("email_shared", newer)]


def test_undone_undo_after_a_repeated_sync_duplicates_nothing(valley, quick_sync, product, student, account, undo):
    account(student["email"], "Ann", "Other")
    undone = undo(quick_sync(valley).sync_id)
    quick_sync(valley)
    before = live_rows(product)
    undo(undone.sync_id)
    assert live_rows(product) == before


def test_undo_of_one_school_keeps_the_other_whole(valley, quick_sync, product, student, undo):
    school = student["roles"]["student"]["school"]
    other = next(key for key in valley.resources["schools"] if key != school)
    role = student["roles"]["student"] | {"schools": [school, other]}
    valley.put("users", student | {"roles": student["roles"] | {"student": role}})
    key = next(key for key, one in valley.resources["sections"].items() if one["school"] == other)
    enrol(valley, key, student)
    sync_id = quick_sync(valley).sync_id
    own = link_of(product, student)[0]
    undo(sync_id, school=school)
    assert live_classes(product, own) == {key}
    assert query(product, NAMES, id=own) == [("Tom", "Reed", student["email"], "student", False)]
    assert link_of(product, student) == (own, "created")


@pytest.mark.parametrize("is_old_school", [True, False])
def test_undo_of_one_school_restores_members_of_a_moved_class(
    valley, quick_sync, known_sync, product, student, undo, is_old_school
):
    known_sync(valley)
    key = min(classes_of(valley, student))
    own, section = link_of(product, student)[0], valley.get("sections", key)
    other = next(school for school in valley.resources["schools"] if school != section["school"])
    withdraw(valley, key, student)
    valley.put("sections", valley.get("sections", key) | {"school": other})
    sync_id = quick_sync(valley).sync_id
    assert key not in live_classes(product, own)
    undo(sync_id, school=section["school"] if is_old_school else other)
    assert key in live_classes(product, own)


def test_undo_of_a_school_can_be_repeated_after_its_undo(valley, known_sync, product, student, undo):
    school, sync_id = student["roles"]["student"]["school"], known_sync(valley).sync_id
    first = undo(sync_id, school=school)
    assert first.counts["schools"] == {"end": 1}
    before = row_versions(product, without=())
    assert undo(sync_id, school=school) is None
    assert row_versions(product, without=()) == before
    other = next(key for key in valley.resources["schools"] if key != school)
    assert undo(sync_id, school=other).counts["schools"] == {"end": 1}
    undo(first.sync_id)
    assert undo(sync_id, school=school).counts["schools"] == {"end": 1}


def test_undo_of_the_old_school_leaves_one_primary_school(valley, quick_sync, known_sync, product, student, undo):
    known_sync(valley)
    role = student["roles"]["student"]
    other = next(key for key in valley.resources["schools"] if key != role["school"])
    valley.put("users", student | {"roles": {"student": role | {"school": other, "schools": [other]}}})
    sync_id = quick_sync(valley).sync_id
    own = link_of(product, student)[0]
    undo(sync_id, school=role["school"])
    read = (
        "select s.clever_id, m.is_primary from roster.school_memberships as m join roster.schools as s "
        "on s.id = m.school_id where m.account_id = :id and m.ended_at is null"
    )
    assert dict(query(product, read, id=own)) == {role["school"]: False, other: True}


@shares_syncs
def test_decision_cannot_be_undone_for_one_school(town, account, decide, undo):
    student = student_of(town)
    account(student["email"], "Ann", "Other")
    yield
    decided = decide(student, "same")
    before = town.rows()
    with pytest.raises(CorrectionRefused, match="as a whole"):
        undo(decided.sync_id, school=student["roles"]["student"]["school"])
    assert town.rows() == before
