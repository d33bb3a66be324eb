"""Scenarios M-1, M-2, M-3, M-9 and M-12: which schools somebody belongs to, and which of them is primary."""

import pytest

from roster_pipeline_tests.integration.readers import contents, published, query
from roster_pipeline_tests.integration.scenarios.seen import Person, person_of, roster_of


def at(*schools):
    """What a role says of its schools; the first is the primary one."""
    return {"school": schools[0], "schools": sorted(schools)}


@pytest.fixture
def schools(town):
    """The Clever ids of three schools."""
    return [town.school(number) for number in range(3)]


def test_m_01_given_a_student_moves_to_another_school_when_synced_then_one_ends_one_begins_and_the_person_stays(
    town, resync, product, schools, link
):
    north, south, _ = schools
    key = town.student(1, roles={"student": at(north)})
    old, new = town.section(1, school=north, students=[key]), town.section(2, school=south)
    resync()
    account = link(key)
    town.edit("users", key, roles={"student": at(south)})
    town.edit("sections", old, students=[])
    town.edit("sections", new, students=[key])
    plan = resync()
    assert plan.counts == {name: {"end": 1, "insert": 1} for name in ("school_memberships", "roster_students")}
    assert person_of(product, key) == Person(
        "student", {north: "ended", south: "primary"}, learns={old: "ended", new: "live"}
    )
    assert link(key) == account


def test_m_02_given_a_student_of_several_schools_when_synced_then_a_member_of_each_and_one_is_primary(
    town, resync, product, schools
):
    north, south, _ = schools
    key = town.student(1, roles={"student": at(south, north)})
    resync()
    assert person_of(product, key) == Person("student", {north: "other", south: "primary"})


def test_m_02_given_a_primary_school_that_schools_leaves_out_when_synced_then_a_member_there_too(
    town, resync, product, schools
):
    north, south, _ = schools
    key = town.teacher(1, roles={"teacher": {"school": south, "schools": [north]}})
    resync()
    assert person_of(product, key).schools == {north: "other", south: "primary"}


def test_m_02_given_the_primary_school_switches_when_synced_then_only_the_mark_moves(town, resync, product, schools):
    north, south, _ = schools
    key = town.teacher(1, roles={"teacher": at(north, south)})
    resync()
    town.edit("users", key, roles={"teacher": at(south, north)})
    assert resync().counts == {"school_memberships": {"update": 2}}
    assert person_of(product, key).schools == {north: "other", south: "primary"}


def test_m_03_given_one_of_two_schools_is_dropped_when_synced_then_only_that_membership_ends(
    town, resync, product, schools
):
    north, south, _ = schools
    key = town.student(1, roles={"student": at(north, south)})
    resync()
    town.edit("users", key, roles={"student": at(north)})
    assert resync().counts == {"school_memberships": {"end": 1}}
    assert person_of(product, key) == Person("student", {north: "primary", south: "ended"})


@pytest.mark.parametrize("still_named", [False, True])
def test_m_09_given_a_school_is_unshared_when_synced_then_its_memberships_end_and_people_of_another_stay(
    town, resync, product, schools, still_named
):
    north, south, _ = schools
    both = town.teacher(1, roles={"teacher": at(south, north)})
    only = town.student(2, roles={"student": at(south)})
    section = town.section(1, school=south, teachers=[both], students=[only])
    resync()
    town.remove("schools", south)
    town.remove("sections", section)
    town.leave(only)
    if not still_named:
        town.edit("users", both, roles={"teacher": at(north)})
    resync()
    assert person_of(product, only) == Person("ended", {south: "ended"}, learns={section: "ended"})
    north_mark = "other" if still_named else "primary"
    assert person_of(product, both) == Person(
        "teacher", {north: north_mark, south: "ended"}, teaches={section: "ended"}
    )
    assert roster_of(product, section).state == "archived"
    assert query(product, "select archived_at is not null from roster.schools where clever_id = :key", key=south) == [
        (True,)
    ]
    assert resync().total == 0


def test_m_09_given_an_unshared_school_is_shared_again_when_synced_then_the_same_rows_are_back(
    town, resync, product, schools
):
    _, south, _ = schools
    key = town.student(1, roles={"student": at(south)})
    section = town.section(1, school=south, students=[key])
    resync()
    rows, shared = contents(product), [("schools", south), ("users", key), ("sections", section)]
    objects = [(name, town.get(name, one)) for name, one in shared]
    for name, one in shared:
        town.remove(name, one)
    resync()
    assert contents(product) != rows
    for name, item in objects:
        town.put(name, item)
    resync()
    assert contents(product) == rows


def test_m_12_given_a_school_that_nobody_knows_when_synced_then_only_that_membership_is_left_out(
    town, resync, product, schools
):
    north, unknown = schools[0], "f" * 24
    key = town.student(1, roles={"student": at(unknown, north)})
    section = town.section(1, students=[key])
    resync()
    assert person_of(product, key) == Person("student", {north: "other"}, learns={section: "live"})


def test_given_a_teacher_who_is_a_student_elsewhere_when_synced_then_one_teacher_in_the_schools_of_both_roles(
    town, resync, product, schools
):
    north, south, _ = schools
    key = town.teacher(1, roles={"student": at(south), "teacher": at(north), "staff": {}})
    resync()
    assert published(product, town.id).people[key][0] == "teacher"
    assert person_of(product, key) == Person("teacher", {north: "primary", south: "other"})
