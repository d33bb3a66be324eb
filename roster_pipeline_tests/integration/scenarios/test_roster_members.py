"""Scenarios R-1 to R-5 and R-14 to R-16: who teaches and learns in a class, from one term and one year to the next."""

import pytest

from roster_pipeline.model.limits import Limits
from roster_pipeline_tests.integration.readers import last_sync, query
from roster_pipeline_tests.integration.scenarios.seen import flagged, roster_of


@pytest.fixture
def teachers(town):
    """The Clever ids of three teachers."""
    return [town.teacher(number) for number in (1, 2, 3)]


def teach(town, section, *teachers):
    """From now on these teach it; the first is primary."""
    town.edit("sections", section, teacher=next(iter(teachers), None), teachers=list(teachers))


def test_r_01_given_a_co_teacher_is_added_when_synced_then_added_and_the_primary_one_unchanged(
    town, resync, product, teachers
):
    primary, other, _ = teachers
    section = town.section(1, teachers=[primary])
    resync()
    teach(town, section, primary, other)
    assert resync().counts == {"roster_teachers": {"insert": 1}}
    assert roster_of(product, section).teachers == {primary: "primary", other: "co-teacher"}


@pytest.mark.parametrize("leaves", [True, False])
def test_r_02_given_the_co_teacher_becomes_primary_when_synced_then_switched_at_once_and_nobody_else_touched(
    town, resync, product, teachers, leaves
):
    first, second, third = teachers
    section = town.section(1, teachers=[first, second, third], students=[town.student(1)])
    resync()
    teach(town, section, second, third, *([] if leaves else [first]))
    ops = {"end": 1, "update": 1} if leaves else {"update": 2}
    assert resync().counts == {"roster_teachers": ops}
    assert roster_of(product, section).teachers == {
        first: "ended" if leaves else "co-teacher",
        second: "primary",
        third: "co-teacher",
    }
    assert roster_of(product, section).students == {town.student(1): "live"}


def test_r_03_given_co_teachers_and_no_primary_one_when_synced_then_the_first_is_primary(
    town, resync, product, teachers
):
    """All of `teachers` teach, and the first is primary (rule book, *Rosters*)."""
    first, second, third = teachers
    sections = [town.section(number, teachers=teachers) for number in (1, 2)]
    for section, nobody in zip(sections, (None, ""), strict=True):
        town.edit("sections", section, teacher=nobody)
    resync()
    for section in sections:
        taught_by = {first: "primary", second: "co-teacher", third: "co-teacher"}
        assert roster_of(product, section).teachers == taught_by


def test_r_03_given_a_primary_teacher_who_is_not_shared_when_synced_then_awaited_and_nobody_takes_the_place(
    town, resync, product, teachers
):
    section = town.section(1, teachers=["f" * 24, *teachers])
    resync()
    roster = roster_of(product, section)
    assert roster.teachers == dict.fromkeys(teachers, "co-teacher")
    assert roster.awaited == {"f" * 24: "teacher"}


def test_r_04_given_sections_without_any_teacher_when_synced_then_published_and_flagged(town, resync, product):
    sections = [town.section(number, students=[town.student(1)]) for number in (1, 2)]
    for section, nobody in zip(sections, (None, []), strict=True):
        town.edit("sections", section, teachers=nobody)
    resync()
    for section in sections:
        roster = roster_of(product, section)
        assert (roster.state, roster.teachers, roster.students) == ("live", {}, {town.student(1): "live"})
    assert flagged(town, "rosters_without_teacher") == set(sections)


def test_r_04_given_the_only_teacher_leaves_a_class_when_synced_then_ended_and_the_class_stays(
    town, resync, product, teachers
):
    section = town.section(1, teachers=teachers[:1], students=[town.student(1)])
    resync()
    teach(town, section)
    assert resync().counts == {"roster_teachers": {"end": 1}}
    assert roster_of(product, section).state == "live"
    assert flagged(town, "rosters_without_teacher") == {section}


def test_r_05_given_a_section_is_emptied_when_synced_then_an_empty_roster_and_the_former_students_ended(
    town, resync, product, teachers
):
    students = [town.student(number) for number in (1, 2)]
    section = town.section(1, teachers=teachers[:1], students=students)
    resync()
    town.edit("sections", section, students=[])
    assert resync().counts == {"roster_students": {"end": 2}}
    roster = roster_of(product, section)
    assert (roster.state, roster.students) == ("live", dict.fromkeys(students, "ended"))
    assert roster.teachers == {teachers[0]: "primary"}
    assert flagged(town, "rosters_without_students") == {section}


def test_r_14_given_a_term_and_a_course_are_rebuilt_with_new_ids_when_synced_then_re_pointed_and_no_member_lost(
    town, resync, product
):
    (term,), (course,) = (town.resources[name].ids() for name in ("terms", "courses"))
    sections = town.resources["sections"].ids()
    for key in sections:
        town.edit("sections", key, term_id=term, course=course)
    resync()
    before = [roster_of(product, key) for key in sections]
    for name, old in (("terms", term), ("courses", course)):
        town.put(name, town.get(name, old) | {"id": "f" * 24, "name": "Rebuilt"})
        town.remove(name, old)
    for key in sections:
        town.edit("sections", key, term_id="f" * 24, course="f" * 24)
    plan = resync(Limits())
    assert (plan.counts, plan.held) == ({"rosters": {"update": len(sections)}}, ())
    after = [roster_of(product, key) for key in sections]
    assert {roster.term for roster in after} == {"Rebuilt"}
    assert [(one.students, one.teachers) for one in after] == [(one.students, one.teachers) for one in before]


def test_r_14_given_a_term_ended_and_is_not_rebuilt_yet_when_synced_then_classes_keep_its_name(town, resync, product):
    (term,) = town.resources["terms"].ids()
    town.put("terms", town.get("terms", term) | {"id": "f" * 24})
    section = town.section(1, students=[town.student(1)], term_id=term)
    resync()
    before = roster_of(product, section)
    town.remove("terms", term)
    assert resync(Limits()).counts == {}
    assert roster_of(product, section) == before
    assert before.term


def test_r_15_given_only_the_dates_of_every_term_change_when_synced_then_nothing_is_written_and_nothing_held(
    town, resync, product
):
    """Dates are not kept: whatever becomes of them, no class and no membership is touched."""
    (term,) = town.resources["terms"].ids()
    for key in town.resources["sections"].ids():
        town.edit("sections", key, term_id=term)
    town.edit("terms", term, start_date="2014-08-04", end_date="2014-12-19")
    resync()
    town.edit("terms", term, start_date="2014-08-11", end_date="2015-01-30")
    plan = resync(Limits())
    assert (plan.counts, plan.held) == ({}, ())


def test_r_16_given_a_new_school_year_when_synced_then_the_old_waits_the_new_is_there_and_once_confirmed_the_old_goes(
    town, resync, product, teachers
):
    """Every student and every section is replaced. Limits lifted for one plan stand for the confirmation."""
    old = [*town.resources["sections"]]
    resync()
    before = {key: roster_of(product, key) for key in old}
    for key in old:
        town.remove("sections", key)
    town.leave(*[key for key, user in town.resources["users"].items() if "student" in user["roles"]])
    newcomers = [town.student(number) for number in range(1, 13)]
    new = [town.section(number, teachers=teachers[:1], students=newcomers) for number in (1, 2)]
    for _night in range(2):
        plan = resync(Limits())
        assert {part.part for part in plan.held} >= {"class_teachers", "students_in_schools"}
        assert plan.held_counts["rosters"] == {"end": len(old)}
        assert {key: roster_of(product, key) for key in old} == before
        assert last_sync(product)[0] == "held"
        for key in new:
            assert roster_of(product, key).students == dict.fromkeys(newcomers, "live")
    resync()
    for key in old:
        roster = roster_of(product, key)
        assert (roster.state, {*roster.students.values(), *roster.teachers.values()}) == ("archived", {"ended"})
    assert [roster_of(product, key).state for key in new] == ["live", "live"]
    members = "select count(*) from roster.org_memberships where role = 'student' and ended_at is null"
    assert query(product, members) == [(len(newcomers),)]
    assert query(product, "select count(*) from roster.holds where state = 'open'") == [(0,)]
    assert resync(Limits()).total == 0
