"""Share the steps of the tests of resolve and undo: people, decisions about them, and their state afterwards."""

from datetime import UTC, datetime

import pytest

from roster_pipeline.corrections.resolve import resolve_review
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.accounts import ACCOUNT, LINK, set_user
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import execute, query

NAMES = "select first_name, last_name, email, role, archived_at is not null from roster.accounts where id = :id"


@pytest.fixture
def student(valley):
    return set_user(valley, users_of(valley, "student")[0], email="tom.reed@example.org", first="Tom", last="Reed")


@pytest.fixture
def account(product):
    def made(email, first="Tom", last="Reed", role="student"):
        return execute(product, ACCOUNT, email=email, first=first, last=last, role=role)

    return made


@pytest.fixture
def decide(product):
    """Resolve the one open review of a person."""

    def decided(person, decision, *, by="the admin"):
        ((review,),) = query(
            product, "select id from roster.reviews where clever_id = :key and state = 'open'", key=person["id"]
        )
        with transaction(product) as pg:
            return resolve_review(pg, review, decision, decided_by=by, at=datetime.now(UTC))

    return decided


@pytest.fixture
def undo(product):
    def undone(sync_id, school=None):
        with transaction(product) as pg:
            return undo_sync(pg, sync_id, datetime.now(UTC), school=school)

    return undone


@pytest.fixture
def renamed(valley, known_sync, product, student):
    """Change name and email of a person and add the person to a class. Return the person and the account."""
    known_sync(valley)
    own = link_of(product, student)[0]
    changed = set_user(valley, student["id"], email="kim.west@example.org", first="Kim", last="West")
    key = another_class(valley, student)
    enrol(valley, key, student)
    known_sync(valley)
    assert query(product, NAMES, id=own) == [("Tom", "Reed", "tom.reed@example.org", "student", False)]
    assert key not in live_classes(product, own)
    return changed, own


def student_of(town):
    """Return a student of a part of a town, in one of its two classes."""
    key = town.student(1, "Tom", "Reed", email=town.address("tom.reed"))
    town.section(1, students=[key])
    town.section(2)
    return town.person(key)


def teacher_of(town):
    """Return a teacher of a part of a town, who has a class."""
    key = town.teacher(1, "Ida", "Moss", email=town.address("ida.moss"))
    town.section(3, teachers=[key])
    return town.person(key)


def rename(town, product):
    """Do what `renamed` does, for a student of a part of a town, in two syncs. Return the person and the account."""
    student = student_of(town)
    yield
    own = link_of(product, student)[0]
    changed = set_user(town, student["id"], email=town.address("kim.west"), first="Kim", last="West")
    key = town.section(2, students=[student["id"]])
    yield
    assert query(product, NAMES, id=own) == [("Tom", "Reed", town.address("tom.reed"), "student", False)]
    assert key not in live_classes(product, own)
    return changed, own


def classes_of(district, person):
    return {one["id"] for one in district.resources["sections"].values() if person["id"] in one["students"]}


def another_class(district, person):
    return min(one for one in district.resources["sections"] if one not in classes_of(district, person))


def enrol(district, key, person):
    section = district.get("sections", key)
    district.put("sections", section | {"students": [*section["students"], person["id"]]})


def withdraw(district, key, person):
    section = district.get("sections", key)
    district.put("sections", section | {"students": [one for one in section["students"] if one != person["id"]]})


def with_new_id(district, person, ending):
    """Return the same student in the same classes under another Clever id."""
    again = {**person, "id": person["id"][:-4] + ending}
    mine = classes_of(district, person)
    leave(district, person["id"])
    district.put("users", again)
    for key in mine:
        enrol(district, key, again)
    return again


def live_classes(product, account):
    rows = query(
        product,
        "select r.clever_id from roster.roster_students as m join roster.rosters as r on r.id = m.roster_id "
        "where m.account_id = :id and m.ended_at is null and r.source = 'clever'",
        id=account,
    )
    return {key for (key,) in rows}


def link_of(product, person):
    return query(product, LINK, key=person["id"])[0][:2]


def open_reviews(product, person):
    """Return the reason and the account id of each open review of a person."""
    read = "select reason, account_id from roster.reviews where clever_id = :key and state = 'open'"
    return query(product, read, key=person["id"])
