"""Scenarios M-4, M-6, M-8 and M-17 to M-20: the members of the organization, their beginning and their end.

Membership of schools is `test_school_members`'s, of classes `test_class_members`'s.
"""

import pytest

from roster_pipeline_tests.support.accounts import MEMBER
from roster_pipeline_tests.support.readers import execute, query, row_versions
from roster_pipeline_tests.support.seen import Person, person_of
from roster_pipeline_tests.support.shared_syncs import shares_syncs

VERIFIED = (
    "select m.verified_at is not null from roster.org_memberships as m "
    "join roster.identity_links as link on link.account_id = m.account_id where link.clever_id = :key"
)
VERIFY = (
    "update roster.org_memberships set verified_at = '2026-03-01' where account_id = "
    "(select account_id from roster.identity_links where clever_id = :key)"
)


def ended(town):
    """Return the memberships of a part of the town that have ended."""
    return [row for row in town.contents()["org_memberships"] if '"ended_at": null' not in row]


@pytest.mark.scenario("M-4")
@shares_syncs
def test_student_absent_from_one_feed_gets_the_same_rows_back(town, product):
    home = town.school(0)
    key = town.student(1)
    section = town.section(1, students=[key])
    yield
    rows, student = town.contents(), town.person(key)
    town.leave(key)
    town.edit("sections", section, students=[])
    yield
    assert person_of(product, key) == Person("ended", {home: "ended"}, learns={section: "ended"})
    assert key in town.published().people
    town.put("users", student)
    town.edit("sections", section, students=[key])
    yield
    assert {op for ops in town.counts().values() for op in ops} == {"restore"}
    assert town.contents() == rows


@pytest.mark.scenario("M-6")
def test_deletion_in_one_district_leaves_the_other_district(town, other_town, resync, quick_sync, product, link):
    home = town.school(0)
    key, twin = (one.student(1, email="") for one in (town, other_town))
    section = town.section(1, students=[key])
    resync()
    quick_sync(other_town)
    execute(product, MEMBER, account=link(key)[0], role="student", admin=False, district=other_town.id)
    of_other = (
        "select m.xmin::text, to_jsonb(m)::text from roster.org_memberships as m join roster.organizations as o "
        "on o.id = m.organization_id where o.clever_district_id = :key order by m.account_id"
    )
    before = query(product, of_other, key=other_town.id)
    town.leave(key)
    town.edit("sections", section, students=[])
    resync()
    assert person_of(product, key) == Person("ended", {home: "ended"}, learns={section: "ended"})
    assert query(product, of_other, key=other_town.id) == before
    assert person_of(product, twin).member == "student"


@pytest.mark.scenario("M-8")
@shares_syncs
def test_ended_membership_keeps_its_end_date(town, product):
    key = town.student(1)
    yield
    town.leave(key)
    yield
    before = ended(town)
    assert len(before) == 1
    yield
    assert town.counts() == {}
    assert ended(town) == before


@pytest.mark.scenario("M-17")
def test_same_feed_again_writes_no_row(town, resync, product):
    town.section(1, students=[town.student(1), "f" * 24])
    resync()
    before, journal = row_versions(product), query(product, "select count(*) from roster.changes")
    assert resync().total == 0
    assert row_versions(product) == before
    assert query(product, "select count(*) from roster.changes") == journal


@pytest.mark.scenario("M-18")
@shares_syncs
def test_dropped_membership_ends_dated_and_is_restored(town, product):
    """What a drop becomes is no setting: it is ended, with its date, and nothing else is."""
    key = town.teacher(1, roles={"teacher": town.role(1) | {"schools": [town.school(0), town.school(1)]}})
    yield
    execute(product, VERIFY, key=key)
    rows, teacher = town.contents(), town.person(key)
    town.leave(key)
    yield
    assert town.counts() == {"org_memberships": {"end": 1}, "school_memberships": {"end": 2}}
    assert len(ended(town)) == 1
    town.put("users", teacher)
    yield
    assert town.contents() == rows


@pytest.mark.scenario("M-19")
@shares_syncs
def test_student_in_no_section_has_account_and_school_only(town, product):
    home = town.school(0)
    key = town.student(1)
    yield
    assert town.published().people[key][0] == "student"
    assert person_of(product, key) == Person("student", {home: "primary"})


@pytest.mark.scenario("M-20")
@shares_syncs
def test_enrollment_dates_outside_today_change_nothing(town, product):
    """Clever's memberships have no dates. Those of a student's `enrollments` are not kept: who is listed, belongs."""
    home = town.school(0)
    key = town.student(1)
    yield
    dates = [("2001-08-01", "2002-06-01"), ("2098-08-01", "2099-06-01"), ("soon", "2099-13-45")]
    enrolled = [{"school": home, "start_date": start, "end_date": end} for start, end in dates]
    town.edit("users", key, roles={"student": town.role(1) | {"enrollments": enrolled}})
    yield
    assert town.counts() == {}
    assert person_of(product, key) == Person("student", {home: "primary"})


@shares_syncs
def test_new_teacher_is_unverified_until_an_admin_verifies(town, product):
    key, student = town.teacher(1), town.student(2)
    yield
    assert query(product, VERIFIED, key=key) == query(product, VERIFIED, key=student) == [(False,)]
    execute(product, VERIFY, key=key)
    for roles in ({"student": town.role(1)}, {"staff": {}}, {"teacher": town.role(1, school=1)}):
        town.edit("users", key, roles=roles)
        yield
        assert query(product, VERIFIED, key=key) == [(True,)]


@shares_syncs
def test_teacher_who_becomes_staff_loses_memberships_only(town, product):
    home = town.school(0)
    key = town.teacher(1)
    yield
    town.edit("users", key, roles={"staff": {}})
    yield
    assert person_of(product, key) == Person("ended", {home: "ended"})
    assert key in town.published().people


def test_adopted_native_memberships_return_by_undo(town, resync, product, link, undo):
    keys = {table: town.student(number) for number, table in enumerate(("org_memberships", "school_memberships"))}
    resync()
    people, accounts = [town.person(key) for key in keys.values()], {table: link(key)[0] for table, key in keys.items()}

    def states(which="true"):
        read = "select source, ended_at from roster.{} where account_id = :account and {}"
        return [query(product, read.format(table, which), account=own) for table, own in accounts.items()]

    town.leave(*keys.values())
    resync()
    for table, own in accounts.items():
        adopt = f"update roster.{table} set source = 'native' where account_id = :account"
        execute(product, adopt, as_sync=True, account=own)
    before = states()
    for person in people:
        town.put("users", person)
    back = resync()
    assert states() == [[("clever", None)]] * 2
    undo(back.sync_id)
    assert states() == before
    resync()
    town.leave(*keys.values())
    resync()
    assert states("ended_at is null") == [[], []]


def test_readmitted_admin_can_be_undone_repeatedly(town, resync, product, link, undo):
    key = town.teacher(1)
    resync()
    teacher, values = town.person(key), {"account": link(key)[0]}
    town.leave(key)
    resync()
    execute(product, "update roster.org_memberships set is_admin = true where account_id = :account", **values)
    row = "select to_jsonb(m)::text from roster.org_memberships as m where account_id = :account"
    before = query(product, row, **values)
    town.put("users", teacher)
    back = resync().sync_id
    after = query(product, row, **values)
    for expected in (before, after, before):
        back = undo(back).sync_id
        assert query(product, row, **values) == expected
