"""Scenarios M-1, M-2, M-3, M-9 and M-12: the schools of a person, and the primary one."""

import pytest

from roster_pipeline_tests.support.readers import query
from roster_pipeline_tests.support.seen import Person, person_of, roster_of
from roster_pipeline_tests.support.shared_syncs import shares_syncs


def at(*schools):
    """What a role says of its schools; the first is the primary one."""
    return {"school": schools[0], "schools": sorted(schools)}


def three_schools(town):
    """Return the Clever ids of three schools."""
    return [town.school(number) for number in (2, 3, 4)]


@pytest.mark.scenario("M-1")
@shares_syncs
def test_student_who_moves_school_keeps_the_account(town, product, link):
    schools = three_schools(town)
    north, south, _ = schools
    key = town.student(1, roles={"student": at(north)})
    old, new = town.section(1, school=north, students=[key]), town.section(2, school=south)
    yield
    account = link(key)
    town.edit("users", key, roles={"student": at(south)})
    town.edit("sections", old, students=[])
    town.edit("sections", new, students=[key])
    yield
    assert town.counts() == {name: {"end": 1, "insert": 1} for name in ("school_memberships", "roster_students")}
    assert person_of(product, key) == Person(
        "student", {north: "ended", south: "primary"}, learns={old: "ended", new: "live"}
    )
    assert link(key) == account


@pytest.mark.scenario("M-2")
@shares_syncs
def test_student_of_several_schools_has_one_primary_school(town, product):
    schools = three_schools(town)
    north, south, _ = schools
    key = town.student(1, roles={"student": at(south, north)})
    yield
    assert person_of(product, key) == Person("student", {north: "other", south: "primary"})


@pytest.mark.scenario("M-2")
@shares_syncs
def test_primary_school_missing_from_schools_counts_too(town, product):
    schools = three_schools(town)
    north, south, _ = schools
    key = town.teacher(1, roles={"teacher": {"school": south, "schools": [north]}})
    yield
    assert person_of(product, key).schools == {north: "other", south: "primary"}


@pytest.mark.scenario("M-2")
@shares_syncs
def test_switched_primary_school_moves_only_the_mark(town, product):
    schools = three_schools(town)
    north, south, _ = schools
    key = town.teacher(1, roles={"teacher": at(north, south)})
    yield
    town.edit("users", key, roles={"teacher": at(south, north)})
    yield
    assert town.counts() == {"school_memberships": {"update": 2}}
    assert person_of(product, key).schools == {north: "other", south: "primary"}


@pytest.mark.scenario("M-3")
@shares_syncs
def test_dropped_school_ends_only_its_membership(town, product):
    schools = three_schools(town)
    north, south, _ = schools
    key = town.student(1, roles={"student": at(north, south)})
    yield
    town.edit("users", key, roles={"student": at(north)})
    yield
    assert town.counts() == {"school_memberships": {"end": 1}}
    assert person_of(product, key) == Person("student", {north: "primary", south: "ended"})


@pytest.mark.scenario("M-9")
@pytest.mark.parametrize("still_named", [False, True])
@shares_syncs
def test_unshared_school_ends_only_its_own_memberships(town, product, *, still_named):
    schools = three_schools(town)
    north, south, _ = schools
    both = town.teacher(1, roles={"teacher": at(south, north)})
    only = town.student(2, roles={"student": at(south)})
    section = town.section(1, school=south, teachers=[both], students=[only])
    yield
    town.remove("schools", south)
    town.remove("sections", section)
    town.leave(only)
    if not still_named:
        town.edit("users", both, roles={"teacher": at(north)})
    yield
    assert person_of(product, only) == Person("ended", {south: "ended"}, learns={section: "ended"})
    north_mark = "other" if still_named else "primary"
    assert person_of(product, both) == Person(
        "teacher", {north: north_mark, south: "ended"}, teaches={section: "ended"}
    )
    assert roster_of(product, section).state == "archived"
    assert query(product, "select archived_at is not null from roster.schools where clever_id = :key", key=south) == [
        (True,)
    ]
    yield
    assert town.counts() == {}


@pytest.mark.scenario("M-9")
@shares_syncs
def test_reshared_school_restores_the_same_memberships(town):
    schools = three_schools(town)
    _, south, _ = schools
    key = town.student(1, roles={"student": at(south)})
    section = town.section(1, school=south, students=[key])
    yield
    rows, shared = town.contents(), [("schools", south), ("users", key), ("sections", section)]
    objects = [(name, town.get(name, one)) for name, one in shared]
    for name, one in shared:
        town.remove(name, one)
    yield
    assert town.contents() != rows
    for name, item in objects:
        town.put(name, item)
    yield
    assert town.contents() == rows


@pytest.mark.scenario("M-12")
@shares_syncs
def test_membership_of_an_unknown_school_alone_is_left_out(town, product):
    schools = three_schools(town)
    north, unknown = schools[0], "f" * 24
    key = town.student(1, roles={"student": at(unknown, north)})
    section = town.section(1, students=[key])
    yield
    assert person_of(product, key) == Person("student", {north: "other"}, learns={section: "live"})


@shares_syncs
def test_teacher_and_student_is_one_teacher_in_both_schools(town, product):
    schools = three_schools(town)
    north, south, _ = schools
    key = town.teacher(1, roles={"student": at(south), "teacher": at(north), "staff": {}})
    yield
    assert town.published().people[key][0] == "teacher"
    assert person_of(product, key) == Person("teacher", {north: "primary", south: "other"})
