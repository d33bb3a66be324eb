"""Resolving a review takes effect at once, later syncs keep it, and undo reverses it."""

from datetime import UTC, datetime

import pytest

from roster_pipeline.corrections.resolve import resolve_review
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.accounts import MEMBER, set_user
from roster_pipeline_tests.support.decisions import NAMES, classes_of, link_of, live_classes, with_new_id
from roster_pipeline_tests.support.merged import BOOK
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, live_rows, query, row_versions


@pytest.mark.parametrize(
    ("first", "last", "role", "closed", "decision"),
    [
        ("Ann", "Other", "student", False, "same"),
        ("Ann", "Other", "student", False, "link"),
        ("Tom", "Reed", "teacher", False, "link"),
        ("Tom", "Reed", "student", True, "link"),
    ],
)
def test_same_person_takes_the_account_and_closes_the_empty_one(
    valley, quick_sync, product, student, account, decide, undo, first, last, role, closed, decision
):
    own = account(student["email"], first, last, role)
    if closed:
        execute(product, "update roster.accounts set archived_at = now() where id = :id", id=own)
    quick_sync(valley)
    empty = link_of(product, student)[0]
    before = live_rows(product)
    decided = decide(student, decision)
    assert link_of(product, student) == (own, decision)
    assert query(product, NAMES, id=own) == [("Tom", "Reed", student["email"], "student", False)]
    assert query(product, NAMES, id=empty)[0][4]
    assert live_classes(product, own) == classes_of(valley, student)
    assert live_classes(product, empty) == set()
    versions = row_versions(product, without=BOOK)
    assert quick_sync(valley).total == 0
    assert row_versions(product, without=BOOK) == versions
    undo(decided.sync_id)
    assert live_rows(product) == before
    assert link_of(product, student) == (empty, "created")


def test_other_person_moves_nothing_and_is_not_asked_again(valley, quick_sync, product, student, account, decide):
    account(student["email"], "Ann", "Other")
    quick_sync(valley)
    before = live_rows(product)
    decide(student, "create")
    assert live_rows(product) | {"reviews": []} == before | {"reviews": []}
    assert quick_sync(valley).total == 0
    set_user(valley, student["id"], email="another@example.org", first="Tom", last="Reed")
    quick_sync(valley)
    set_user(valley, student["id"], email=student["email"], first="Tom", last="Reed")
    quick_sync(valley)
    assert query(product, "select state, decision, decided_by from roster.reviews") == [
        ("resolved", "create", "the admin")
    ]


def test_relinked_id_gets_the_account_with_classes_and_history(valley, quick_sync, product, student, decide, undo):
    quick_sync(valley)
    own = link_of(product, student)[0]
    mine = classes_of(valley, student)
    again = with_new_id(valley, student, "beef")
    quick_sync(valley)
    empty = link_of(product, again)[0]
    before = live_rows(product)
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
    assert quick_sync(valley).total == 0
    undo(decided.sync_id)
    assert live_rows(product) == before


def test_relink_of_a_shared_persons_account_is_refused(valley, quick_sync, product, student, decide):
    quick_sync(valley)
    again = {**student, "id": student["id"][:-4] + "beef"}
    valley.put("users", student | {"email": "no address"})
    valley.put("users", again)
    quick_sync(valley)
    before = row_versions(product)
    with pytest.raises(CorrectionRefused, match="Clever still shares"):
        decide(again, "relink")
    assert row_versions(product) == before


def test_account_that_joined_another_organization_is_refused(
    valley, hamlet, quick_sync, product, student, account, decide
):
    own = account(student["email"], "Ann", "Other")
    quick_sync(valley)
    execute(product, MEMBER, account=own, role="student", admin=False, district=hamlet.id)
    with pytest.raises(CorrectionRefused, match="another organization"):
        decide(student, "same")


def test_recycled_id_of_the_same_person_is_renamed(valley, quick_sync, product, renamed, decide, undo):
    person, own = renamed
    before = live_rows(product)
    decided = decide(person, "same")
    assert query(product, NAMES, id=own) == [("Kim", "West", "tom.reed@example.org", "student", False)]
    assert live_classes(product, own) == classes_of(valley, person)
    undo(decided.sync_id)
    assert live_rows(product) == before
    decide(person, "same")
    quick_sync(valley)
    assert query(product, NAMES, id=own) == [("Kim", "West", "kim.west@example.org", "student", False)]
    assert query(product, "select count(*) from roster.reviews where state = 'open'") == [(0,)]
    assert quick_sync(valley).total == 0


def test_recycled_id_of_another_person_gets_a_new_account(valley, quick_sync, product, renamed, decide, undo):
    person, own = renamed
    before = live_rows(product)
    decided = decide(person, "different")
    fresh = link_of(product, person)[0]
    assert fresh not in (None, own)
    assert query(product, NAMES, id=fresh) == [("Kim", "West", None, "student", False)]
    assert query(product, NAMES, id=own) == [("Tom", "Reed", "tom.reed@example.org", "student", False)]
    assert live_classes(product, fresh) == classes_of(valley, person)
    assert live_classes(product, own) == set()
    undo(decided.sync_id)
    assert live_rows(product) == before
    decide(person, "different")
    fresh = link_of(product, person)[0]
    quick_sync(valley)
    assert query(product, NAMES, id=fresh) == [("Kim", "West", "kim.west@example.org", "student", False)]
    assert quick_sync(valley).total == 0


def test_unlinked_teacher_leaves_the_account_as_before(valley, quick_sync, product, account, decide, undo):
    teacher = set_user(valley, users_of(valley, "teacher")[0], email="ida.moss@example.org", first="Ida", last="Moss")
    own = account(teacher["email"], "Ann", "Other", "teacher")
    quick_sync(valley)
    assert link_of(product, teacher) == (own, "email")
    before = live_rows(product)
    decided = decide(teacher, "different")
    fresh = link_of(product, teacher)[0]
    marked = "select first_name, last_name, email, imported_from_clever from roster.accounts where id = :id"
    assert query(product, marked, id=own) == [("Ann", "Other", "ida.moss@example.org", False)]
    assert query(product, marked, id=fresh) == [("Ida", "Moss", None, True)]
    assert quick_sync(valley).total == 0
    undo(decided.sync_id)
    assert live_rows(product) == before


def test_confirmed_teacher_only_closes_the_review(valley, quick_sync, product, account, decide):
    teacher = set_user(valley, users_of(valley, "teacher")[0], email="ida.moss@example.org", first="Ida", last="Moss")
    account(teacher["email"], "Ann", "Other", "teacher")
    quick_sync(valley)
    before = live_rows(product)
    decide(teacher, "same")
    assert live_rows(product) | {"reviews": []} == before | {"reviews": []}
    assert quick_sync(valley).total == 0


def test_shared_email_goes_to_the_chosen_person(valley, quick_sync, product, student, decide):
    twin = set_user(valley, users_of(valley, "student")[1], email=student["email"], first="Kim", last="Reed")
    quick_sync(valley)
    decide(student, "link")
    with pytest.raises(CorrectionRefused, match="has since"):
        decide(twin, "link")
    decide(twin, "create")
    quick_sync(valley)
    addresses = [query(product, NAMES, id=link_of(product, one)[0])[0][2] for one in (student, twin)]
    assert addresses == [student["email"], None]
    assert quick_sync(valley).total == 0


def test_native_class_keeps_its_member_after_a_link(valley, quick_sync, product, student, account, decide):
    own = account(student["email"], "Ann", "Other")
    quick_sync(valley)
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


def test_senseless_or_repeated_decision_is_refused_in_one_line(valley, quick_sync, product, student, account, decide):
    account(student["email"], "Tom", "Reed", "teacher")
    quick_sync(valley)
    ((review,),) = query(product, "select id from roster.reviews")
    with pytest.raises(CorrectionRefused, match="offers link and create, not relink"):
        decide(student, "relink")
    decide(student, "create")
    for number, said in ((review, "already resolved as create"), (review + 999, "no review")):
        with transaction(product) as pg, pytest.raises(CorrectionRefused, match=said):
            resolve_review(pg, number, "create", decided_by="the admin", at=datetime.now(UTC))


def test_freed_email_ends_the_review(valley, quick_sync, product, student, account):
    own = account(student["email"], "Ann", "Other")
    quick_sync(valley)
    execute(product, "update roster.accounts set email = 'ann@example.org' where id = :id", id=own)
    quick_sync(valley)
    assert query(product, NAMES, id=link_of(product, student)[0])[0][2] == student["email"]
    assert query(product, "select state, decision, decided_by from roster.reviews") == [("resolved", "settled", "sync")]
