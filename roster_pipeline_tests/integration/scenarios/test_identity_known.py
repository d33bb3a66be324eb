"""Scenarios of a new person whose email or number is known from an older id, another district or the product.

The markers give the numbers of docs/scenarios.md.
"""

import pytest

from roster_pipeline_tests.support.accounts import row
from roster_pipeline_tests.support.readers import execute, published, query
from roster_pipeline_tests.support.shared_syncs import shares_syncs

EMAIL = "ann.lake@example.org"


@pytest.mark.scenario("I-21")
@shares_syncs
def test_new_id_of_a_linked_person_waits_for_a_decision(town, product, link):
    old = town.student(1, "Ann", "Lake", email=town.address("ann"))
    section = town.section(1, students=[old])
    yield
    before = link(old)
    town.leave(old)
    new = town.student(2, "Ann", "Lake", email=town.address("ann"))
    town.section(1, students=[new])
    yield
    found = town.published()
    assert link(old) == before
    assert link(new)[0] != before[0]
    assert (found.people[old][3], found.people[new][3]) == (town.address("ann"), None)
    assert [pair for pair in found.students if pair[0] == section] == [(section, new)]
    assert found.reviews == {(new, "already_linked")}
    ((evidence,),) = query(product, "select evidence from roster.reviews where clever_id = :new", new=new)
    assert (evidence["account_id"], evidence["other_clever_id"]) == (before[0], old)
    assert evidence["first_name_agrees"]
    assert evidence["last_name_agrees"]


@pytest.mark.scenario("I-22")
def test_one_sis_id_in_two_districts_is_two_people(town, other_town, publish, link):
    keys = []
    for each in (town, other_town):
        key = each.student(1, "Ann", "Lake", email=None, roles={"student": each.role(7)})
        found = publish(each)
        assert key in found.people
        assert found.reviews == set()
        keys.append(key)
    assert link(keys[0])[0] != link(keys[1])[0]


@pytest.mark.scenario("I-23")
def test_one_email_in_two_districts_is_never_merged(town, other_town, publish, quick_sync, product, link):
    here = town.teacher(1, "Ann", "Lake", email=EMAIL)
    there = other_town.teacher(1, "Ann", "Lake", email=EMAIL)
    quick_sync(town)
    before = published(product, town.id)
    found = publish(other_town)
    assert link(here)[0] != link(there)[0]
    assert found.people[there] == ("teacher", "Ann", "Lake", None, EMAIL, True)
    assert found.reviews == {(there, "other_organization")}
    assert published(product, town.id) == before
    ((evidence,),) = query(product, "select evidence::text from roster.reviews")
    assert here not in evidence
    town.leave(here)
    quick_sync(town)
    assert here not in published(product, town.id).members
    assert published(product, other_town.id) == found


@pytest.mark.scenario("I-26")
@shares_syncs
def test_admin_in_the_feed_as_teacher_is_linked_and_stays_admin(town, product, link, sign_up):
    own = sign_up(town.address("ann"), "Ann", "Lake", "admin", member_of=town, admin=True)
    key = town.teacher(1, "Ann", "Lake", email=town.address("ann"))
    section = town.section(1, teachers=[key])
    yield
    found = town.published()
    assert link(key) == (own, "email")
    assert (found.people[key][0], found.members[key]) == ("admin", "admin")
    assert found.teachers[section, key]
    assert wide_role(product, own) == [(True, True)]
    assert found.reviews == set()


@pytest.mark.scenario("I-26")
@shares_syncs
def test_linked_teacher_made_admin_stays_admin(town, product, link):
    key = town.teacher(1, "Ann", "Lake", email=town.address("ann"))
    yield
    own, _ = link(key)
    promote(product, own)
    town.edit("users", key, email=town.address("moor"))
    yield
    found = town.published()
    assert (found.people[key][0], found.people[key][3]) == ("admin", town.address("moor"))
    assert found.members[key] == "admin"
    assert wide_role(product, own) == [(True, True)]


@pytest.mark.scenario("I-26")
@shares_syncs
def test_linked_teacher_made_admin_stays_admin_after_leaving(town, product, link):
    key = town.teacher(1)
    yield
    own, _ = link(key)
    promote(product, own)
    town.leave(key)
    yield
    assert wide_role(product, own) == [(True, True)]


def promote(product, account):
    """What another admin does in the product, and the role that the program gives an admin."""
    admin = "set role = 'admin' where id = :account"
    execute(product, f"update roster.accounts {admin}", as_sync=True, account=account)
    membership = "set role = 'admin' where account_id = :account"
    execute(product, f"update roster.org_memberships {membership}", as_sync=True, account=account)
    execute(
        product,
        "update roster.org_memberships set is_admin = true, verified_at = now() where account_id = :account",
        account=account,
    )


def wide_role(product, account):
    """(is admin, is verified) of each live membership."""
    read = "select is_admin, verified_at is not null from roster.org_memberships where account_id = :account"
    return query(product, f"{read} and ended_at is null", account=account)


@pytest.mark.scenario("I-27")
@shares_syncs
def test_link_by_email_records_its_rule_and_sync(town, product, sign_up):
    own = sign_up(town.address("ann"), "Ann", "Moor", "teacher")
    key = town.teacher(1, "Ann", "Lake", email=town.address("ann"))
    yield
    first = town.plan.sync_id
    read = "select clever_id, rule, sync_id, unlinked_at, evidence from roster.identity_links where account_id = :own"
    ledger = query(product, read, own=own)
    ((*said, evidence),) = ledger
    assert said == [key, "email", first, None]
    assert {
        "sis_id": town.role(1)["sis_id"],
        "first_name_agrees": True,
        "last_name_agrees": False,
    }.items() <= evidence.items()
    journal = (
        "select before ->> 'last_name', after ->> 'last_name', after ->> 'imported_from_clever' from roster.changes "
        "where entity = 'accounts' and key = jsonb_build_object('id', cast(:own as bigint))"
    )
    assert query(product, journal, own=own) == [("Moor", "Lake", "true")]
    town.edit("users", key, email=town.address("moor"))
    yield
    assert query(product, read, own=own) == ledger
    assert row(product, own)[0] == town.address("moor")
