"""Changes that depend on each other are held together: people and their classes, a class and its members, emails."""

from datetime import UTC, datetime

import pytest

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.model.limits import Limits
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.holds import decide_hold, find_plan
from roster_pipeline_tests.support.changes import NO_LIMITS
from roster_pipeline_tests.support.readers import execute, published, query, row_versions
from roster_pipeline_tests.support.seen import person_of
from roster_pipeline_tests.support.town import OTHERS

OF_A_SCHOOL = Limits(district_removals=1.0, window_removals=1.0)
ACCOUNT_OF = "(select account_id from roster.identity_links where clever_id = :key and unlinked_at is null)"
OF = f"where account_id = {ACCOUNT_OF}"
OWN = {
    "native": (
        f"update roster.org_memberships set source = 'native' {OF}",
        f"update roster.school_memberships set source = 'native' {OF}",
    ),
    "admin": (f"update roster.org_memberships set role = 'admin', is_admin = true {OF}",),
}
"""What makes memberships the organization's own, so that no sync changes them."""


@pytest.fixture
def own_member(town, quick_sync, product):
    """Somebody of the town in a class, whose membership is the organization's own."""

    def made(role, own):
        key = getattr(town, role)(1)
        town.section(1, **{f"{role}s": [key]})
        quick_sync(town)
        for statement in OWN[own]:
            execute(product, statement, as_sync=True, key=key)
        return key

    return made


def test_native_member_stays_in_class_when_the_list_is_empty(town, quick_sync, product):
    members = {
        (role, own): getattr(town, role)(place) for role in ("teacher", "student") for place, own in enumerate(OWN)
    }
    for number, ((role, _), key) in enumerate(members.items()):
        town.section(number, **{f"{role}s": [key]})
    quick_sync(town)
    for (_, own), key in members.items():
        for statement in OWN[own]:
            execute(product, statement, as_sync=True, key=key)
    before = row_versions(product)
    for place, key in enumerate(members.values()):
        person = town.person(key)
        town.leave(key)
        town.put("users", person | {"id": f"not-an-id-{place}"})
    plan = quick_sync(town)
    assert (plan.counts, {held.reason for held in plan.held}) == ({}, {"feed_incomplete"})
    town.leave(*list(town.resources["users"]))
    assert quick_sync(town).counts == {}
    assert row_versions(product) == before


def test_native_member_stays_in_class_with_held_removals(town, quick_sync, product, own_member):
    key = own_member("student", "native")
    before = person_of(product, key)
    town.leave(key, *(town.student(other) for other in OTHERS[:8]))
    plan = quick_sync(town)
    assert {held.part for held in plan.held} >= {"students"}
    assert (plan.counts, person_of(product, key)) == ({}, before)


def test_classes_wait_with_the_held_members_of_their_school(town, quick_sync, product):
    """Nine classes are too few for the brake on classes; eighteen places in class are not."""
    nobody = "f" * 24
    going = [town.section(n, students=[town.student(n), town.student(50 + n), nobody]) for n in range(9)]
    for n in range(9, 12):
        town.section(n, students=[town.student(n), town.student(50 + n)])
    for n in range(4):
        town.section(100 + n, school=town.school(1))
    quick_sync(town, OF_A_SCHOOL)
    before = row_versions(product)
    for key in going:
        town.remove("sections", key)
    plan = quick_sync(town, OF_A_SCHOOL)
    assert [(held.part, held.reason) for held in plan.held] == [("enrollments", "school_removals")]
    assert (plan.counts, plan.held_counts["rosters"]) == ({}, {"end": 9})
    assert row_versions(product) == before


@pytest.mark.parametrize(("role", "part"), [("student", "enrollments"), ("teacher", "class_teachers")])
def test_vanished_class_waits_with_its_held_members(town, quick_sync, product, role, part):
    people = [getattr(town, role)(one) for one in range(5)]
    large, empty = town.section(1, **{f"{role}s": people}), town.section(2)
    for number in range(3, 30):
        town.section(number)
    quick_sync(town)
    before = published(product, town.id)
    town.remove("sections", large)
    town.remove("sections", empty)
    plan = quick_sync(town)
    assert [held.part for held in plan.held] == [part]
    after = published(product, town.id)
    assert (before.rosters.keys() - after.rosters.keys(), before.pending) == ({empty}, after.pending)
    assert (before.teachers, before.students) == (after.teachers, after.students)
    assert plan.counts == {"rosters": {"end": 1}}


@pytest.fixture
def approve(product):
    def approved(plan):
        with transaction(product) as pg:
            decide_hold(pg, find_plan(pg, plan.held_digest), "approved", decided_by="the admin", at=datetime.now(UTC))

    return approved


def rename_all(town):
    """Everybody has another last name, which is more than the brake on names lets pass."""
    for person in list(town.resources["users"].values()):
        town.edit("users", person["id"], name=person["name"] | {"last": "Other"})


@pytest.mark.parametrize("is_back", [False, True])
def test_email_kept_by_a_held_change_is_not_given_away(town, quick_sync, product, approve, is_back):
    key, follower, address = town.student(1), town.student(2), town.person(town.student(1))["email"]
    if is_back:
        quick_sync(town)
        execute(
            product,
            f"update roster.accounts set archived_at = now() where id = {ACCOUNT_OF}",
            as_sync=True,
            key=follower,
        )
    town.leave(follower)
    quick_sync(town)
    rename_all(town)
    town.edit("users", key, email="new.address@example.org")
    town.student(2, email=address)
    held = quick_sync(town)
    assert [one.part for one in held.held] == ["names_and_emails"]
    assert addresses(product, town, key, follower) == [address, None]
    again = quick_sync(town)
    assert (again.total, again.held_digest) == (0, held.held_digest)
    approve(held)
    assert quick_sync(town).approved == held.held_digest
    assert addresses(product, town, key, follower) == ["new.address@example.org", address]
    assert quick_sync(town).total == 0


def addresses(product, town, *keys):
    people = published(product, town.id).people
    return [people[key][3] for key in keys]


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_held_renames_do_not_count_people_who_left_long_ago(town, quick_sync, mode):
    gone = [town.student(number) for number in range(40)]
    quick_sync(town)
    town.leave(*gone)
    quick_sync(town, NO_LIMITS)
    rename_all(town)
    assert [(held.part, held.removals, held.of) for held in quick_sync(town, mode=mode).held] == [
        ("names_and_emails", 40, 40)
    ]


def test_plan_of_an_empty_list_cannot_be_approved(town, quick_sync, known_sync, product, approve):
    known_sync(town)
    before = row_versions(product)
    town.leave(*(town.student(other) for other in OTHERS))
    held = quick_sync(town)
    with pytest.raises(CorrectionRefused, match="an incomplete list does not prove that anything is gone"):
        approve(held)
    assert query(product, "select distinct state from roster.holds") == [("open",)]
    assert (quick_sync(town).counts, row_versions(product)) == ({}, before)


def test_approved_plan_waits_while_the_list_is_empty(town, quick_sync, product, approve):
    leaving = [town.student(other) for other in OTHERS[:8]]
    quick_sync(town)
    before = row_versions(product)
    town.leave(*leaving)
    held = quick_sync(town)
    approve(held)
    town.put("users", town.person(town.student(119)) | {"id": "not-an-id"})
    unproven = quick_sync(town)
    assert (unproven.held_digest, unproven.approved, row_versions(product)) == (held.held_digest, None, before)
    with pytest.raises(CorrectionRefused, match="does not prove"):
        approve(held)
    town.leave("not-an-id")
    approve(quick_sync(town))
    assert quick_sync(town).counts["org_memberships"] == {"end": 8}
