"""Scenarios R-1 to R-5 and R-14 to R-16: the teachers and students of a class over terms and years."""

import pytest

from roster_pipeline.model.limits import Limits
from roster_pipeline_tests.support.readers import last_sync, query
from roster_pipeline_tests.support.seen import roster_of
from roster_pipeline_tests.support.shared_syncs import shares_syncs


def three_teachers(town):
    """Return the Clever ids of three teachers."""
    return [town.teacher(number) for number in (1, 2, 3)]


def teach(town, section, *teachers):
    """From now on these teach it; the first is primary."""
    town.edit("sections", section, teacher=next(iter(teachers), None), teachers=list(teachers))


@pytest.mark.scenario("R-1")
@shares_syncs
def test_added_co_teacher_leaves_the_primary_teacher_unchanged(town, product):
    teachers = three_teachers(town)
    primary, other, _ = teachers
    section = town.section(1, teachers=[primary])
    yield
    teach(town, section, primary, other)
    yield
    assert town.counts() == {"roster_teachers": {"insert": 1}}
    assert roster_of(product, section).teachers == {primary: "primary", other: "co-teacher"}


@pytest.mark.scenario("R-2")
@pytest.mark.parametrize("leaves", [True, False])
@shares_syncs
def test_co_teacher_becomes_primary_in_one_step(town, product, *, leaves):
    teachers = three_teachers(town)
    first, second, third = teachers
    section = town.section(1, teachers=[first, second, third], students=[town.student(1)])
    yield
    teach(town, section, second, third, *([] if leaves else [first]))
    ops = {"end": 1, "update": 1} if leaves else {"update": 2}
    yield
    assert town.counts() == {"roster_teachers": ops}
    assert roster_of(product, section).teachers == {
        first: "ended" if leaves else "co-teacher",
        second: "primary",
        third: "co-teacher",
    }
    assert roster_of(product, section).students == {town.student(1): "live"}


@pytest.mark.scenario("R-3")
@shares_syncs
def test_first_co_teacher_is_primary_if_clever_names_none(town, product):
    """All of `teachers` teach, and the first is primary (docs/rules.md R4.3)."""
    teachers = three_teachers(town)
    first, second, third = teachers
    sections = [town.section(number, teachers=teachers) for number in (1, 2)]
    for section, nobody in zip(sections, (None, ""), strict=True):
        town.edit("sections", section, teacher=nobody)
    yield
    for section in sections:
        taught_by = {first: "primary", second: "co-teacher", third: "co-teacher"}
        assert roster_of(product, section).teachers == taught_by


@pytest.mark.scenario("R-3")
@shares_syncs
def test_unshared_primary_teacher_is_pending_and_not_replaced(town, product):
    teachers = three_teachers(town)
    section = town.section(1, teachers=["f" * 24, *teachers])
    yield
    roster = roster_of(product, section)
    assert roster.teachers == dict.fromkeys(teachers, "co-teacher")
    assert roster.awaited == {"f" * 24: "teacher"}


@pytest.mark.scenario("R-4")
@shares_syncs
def test_section_without_teacher_is_published_and_flagged(town, product):
    sections = [town.section(number, students=[town.student(1)]) for number in (1, 2)]
    for section, nobody in zip(sections, (None, []), strict=True):
        town.edit("sections", section, teachers=nobody)
    yield
    for section in sections:
        roster = roster_of(product, section)
        assert (roster.state, roster.teachers, roster.students) == ("live", {}, {town.student(1): "live"})
    assert town.flagged("rosters_without_teacher") == set(sections)


@pytest.mark.scenario("R-4")
@shares_syncs
def test_roster_stays_when_its_only_teacher_leaves(town, product):
    teachers = three_teachers(town)
    section = town.section(1, teachers=teachers[:1], students=[town.student(1)])
    yield
    teach(town, section)
    yield
    assert town.counts() == {"roster_teachers": {"end": 1}}
    assert roster_of(product, section).state == "live"
    assert town.flagged("rosters_without_teacher") == {section}


@pytest.mark.scenario("R-5")
@shares_syncs
def test_emptied_section_is_an_empty_roster(town, product):
    teachers = three_teachers(town)
    students = [town.student(number) for number in (1, 2)]
    section = town.section(1, teachers=teachers[:1], students=students)
    yield
    town.edit("sections", section, students=[])
    yield
    assert town.counts() == {"roster_students": {"end": 2}}
    roster = roster_of(product, section)
    assert (roster.state, roster.students) == ("live", dict.fromkeys(students, "ended"))
    assert roster.teachers == {teachers[0]: "primary"}
    assert town.flagged("rosters_without_students") == {section}


@pytest.mark.scenario("R-14")
def test_rebuilt_term_and_course_lose_no_member(town, resync, product):
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
    rebuilt = {"end": 1, "insert": 1}
    assert plan.counts == {"terms": rebuilt, "courses": rebuilt, "rosters": {"update": len(sections)}}
    assert plan.held == ()
    after = [roster_of(product, key) for key in sections]
    assert {roster.term for roster in after} == {"Rebuilt"}
    assert [(one.students, one.teachers) for one in after] == [(one.students, one.teachers) for one in before]


@pytest.mark.scenario("R-14")
def test_roster_keeps_the_name_of_a_term_that_ended(town, resync, product):
    (term,) = town.resources["terms"].ids()
    town.put("terms", town.get("terms", term) | {"id": "f" * 24})
    section = town.section(1, students=[town.student(1)], term_id=term)
    resync()
    before = roster_of(product, section)
    town.remove("terms", term)
    plan = resync(Limits())
    assert (plan.counts, plan.held) == ({"terms": {"end": 1}}, ())
    assert roster_of(product, section) == before
    assert before.term


@pytest.mark.scenario("R-15")
def test_changed_term_dates_touch_no_class_and_hold_nothing(town, resync, product):
    (term,) = town.resources["terms"].ids()
    for key in town.resources["sections"].ids():
        town.edit("sections", key, term_id=term)
    town.edit("terms", term, start_date="2014-08-04", end_date="2014-12-19")
    resync()
    town.edit("terms", term, start_date="2014-08-11", end_date="2015-01-30")
    plan = resync(Limits())
    assert (plan.counts, plan.held) == ({"terms": {"update": 1}}, ())
    dates = "select start_date::text, end_date::text from roster.terms where clever_id = :term"
    assert query(product, dates, term=term) == [("2014-08-11", "2015-01-30")]


@pytest.mark.scenario("R-16")
def test_new_school_year_holds_the_removal_of_the_old_one(town, resync, product):
    """Every student and every section is replaced. Limits lifted for one plan stand for the confirmation."""
    teachers = three_teachers(town)
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
