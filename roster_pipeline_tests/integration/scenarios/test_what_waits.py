"""What belongs together waits together: people and their classes, a class and who is in it, an address and its next."""

import pytest

from roster_pipeline_tests.integration.readers import execute, row_versions
from roster_pipeline_tests.integration.scenarios.seen import person_of
from roster_pipeline_tests.integration.scenarios.town import OTHERS

OF = "where account_id = (select account_id from roster.identity_links where clever_id = :key and unlinked_at is null)"
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
            execute(product, statement, key=key)
        return key

    return made


@pytest.mark.parametrize("own", OWN)
@pytest.mark.parametrize("role", ["teacher", "student"])
def test_given_a_member_of_the_organizations_own_when_the_list_proves_nothing_then_in_class_all_the_same(
    town, quick_sync, product, own_member, role, own
):
    key = own_member(role, own)
    before, person = row_versions(product), town.person(key)
    town.leave(key)
    town.put("users", person | {"id": "not-an-id"})
    plan = quick_sync(town)
    assert (plan.counts, {held.reason for held in plan.held}) == ({}, {"feed_incomplete"})
    town.leave(*(one["id"] for one in town.resources["users"].values() if role in one["roles"]))
    assert quick_sync(town).counts == {}
    assert row_versions(product) == before


def test_given_a_member_of_the_organizations_own_among_many_who_leave_when_they_wait_then_all_stay_in_class(
    town, quick_sync, product, own_member
):
    key = own_member("student", "native")
    before = person_of(product, key)
    town.leave(key, *(town.student(other) for other in OTHERS[:8]))
    plan = quick_sync(town)
    assert {held.part for held in plan.held} >= {"students"}
    assert (plan.counts, person_of(product, key)) == ({}, before)
