"""Plans: their digest, their thresholds at the limits, and their sentences."""

import json

import pytest

from roster_pipeline.errors import PlanStale
from roster_pipeline.model.limits import Limits
from roster_pipeline.model.plan import Plan
from roster_pipeline.plan.build import load_verified_plan
from roster_pipeline_tests.support.plans import (
    con,  # noqa: F401 - fixtures
    fill_table,
    member,
    members_leave,
    planned,
    school,
)


@pytest.mark.parametrize("role", ["student", "teacher"])
@pytest.mark.parametrize(("leaving", "held"), [(9, False), (10, False), (11, True), (100, True)])
def test_more_than_ten_of_a_hundred_members_wait(con, role, leaving, held):
    members_leave(con, leaving, 100, role)
    plan = planned(con)
    assert [one.part for one in plan.held] == ([f"{role}s"] if held else [])
    ends = {"org_memberships": {"end": leaving}}
    assert (plan.counts, plan.held_counts) == (({}, ends) if held else (ends, {}))


def test_waiting_removals_show_their_number_and_the_limit(con):
    members_leave(con, 11, 100)
    (held,) = planned(con).held
    assert (held.reason, held.removals, held.of, held.limit) == ("district_removals", 11, 100, 0.10)


def test_waiting_part_does_not_stop_the_rest(con):
    members_leave(con, 60, 100)
    fill_table(con, "current.org_memberships", [member(number, "teacher") for number in range(200, 220)])
    fill_table(con, "marts.org_memberships", [member(number, "teacher") for number in range(201, 221)])
    plan = planned(con)
    assert [one.part for one in plan.held] == ["students"]
    assert plan.counts == {"org_memberships": {"end": 1, "insert": 1}}


def test_native_and_ended_rows_do_not_count_for_the_share(con):
    members_leave(con, 10, 90)
    fill_table(con, "current.org_memberships", [member(number) for number in range(500, 520)], is_native=True)
    fill_table(con, "current.org_memberships", [member(number) for number in range(600, 620)], is_ended=True)
    plan = planned(con)
    assert [(one.removals, one.of) for one in plan.held] == [(10, 90)]


def test_empty_list_lets_no_removal_pass(con):
    members_leave(con, 1, 100)
    plan = planned(con, emptied=["students"])
    assert [(one.part, one.reason) for one in plan.held] == [("students", "feed_incomplete")]
    assert plan.counts == {}


def terms_and_courses(con, ids):
    fill_table(con, "current.terms", [{"term_id": "t1", "name": "Fall"}])
    fill_table(con, "current.courses", [{"course_id": "c1", "name": "Art"}])
    fill_table(con, "marts.terms", [{"term_id": f"t{n}", "name": "Spring"} for n in ids])
    fill_table(con, "marts.courses", [{"course_id": f"c{n}", "name": "Music"} for n in ids])


def test_empty_list_archives_no_term_and_no_course(con):
    terms_and_courses(con, [])
    plan = planned(con)
    assert (plan.counts, plan.held) == ({}, ())


def test_incomplete_list_of_terms_still_lets_courses_end(con):
    terms_and_courses(con, [2])
    plan = planned(con, emptied=["terms"])
    assert (plan.counts, plan.held) == ({"terms": {"insert": 1}, "courses": {"insert": 1, "end": 1}}, ())


def test_raised_limit_is_applied(con):
    members_leave(con, 11, 100)
    assert planned(con, limits=Limits(district_removals=0.11)).held == ()


def digest_of(con, desired, existing):
    con.execute("delete from marts.schools; delete from current.schools")
    fill_table(con, "marts.schools", desired)
    fill_table(con, "current.schools", existing)
    return planned(con).digest


def test_the_digest_does_not_depend_on_the_order_of_rows(con):
    desired, existing = [school(n, f"New {n}") for n in range(9)], [school(n, f"Old {n}") for n in range(9)]
    assert digest_of(con, desired, existing) == digest_of(con, desired[::-1], existing[3:] + existing[:3])


@pytest.mark.parametrize(
    ("desired", "existing"),
    [
        ([school(1, "New")], [school(1, "Older")]),
        ([school(1, "Newer")], [school(1, "Old")]),
        ([school(1, "New")], []),
        ([], [school(1, "Old")]),
        ([school(2, "New")], [school(2, "Old")]),
        ([school(1, "New") | {"sis_id": ""}], [school(1, "Old")]),
        ([school(1, "New") | {"sis_id": "1"}], [school(1, "Old")]),
    ],
)
def test_digest_differs_with_any_written_or_replaced_value(con, desired, existing):
    usual = digest_of(con, [school(1, "New")], [school(1, "Old")])
    assert digest_of(con, desired, existing) != usual


def test_two_changes_cannot_trade_values_under_one_digest(con):
    existing = [school(1, "A"), school(2, "B")]
    straight = digest_of(con, [school(1, "C"), school(2, "D")], existing)
    assert digest_of(con, [school(1, "D"), school(2, "C")], existing) != straight


def test_stored_plan_reads_back_unchanged(con):
    members_leave(con, 11, 100)
    plan = planned(con)
    assert load_verified_plan(con) == plan
    assert Plan.from_json(json.loads(json.dumps(plan.as_json()))) == plan


def test_changed_changes_make_the_plan_stale(con):
    with pytest.raises(PlanStale, match="no plan"):
        load_verified_plan(con)
    fill_table(con, "marts.schools", [school(1, "New")])
    planned(con)
    con.execute("update changes.schools set name = 'Slipped in'")
    with pytest.raises(PlanStale, match="Make the plan again"):
        load_verified_plan(con)


def test_held_person_also_holds_another_school_that_would_end(con):
    east, west, staying = school(1, "East"), school(2, "West"), school(3, "North")
    places = [{**member(number), "school_id": east["school_id"]} for number in range(1, 21)]
    places.append({**member(1), "school_id": west["school_id"]})
    stayed = {**member(30), "school_id": staying["school_id"]}
    for table, gone, kept in (
        ("schools", [east, west], staying),
        ("org_memberships", [member(number) for number in range(1, 21)], member(30)),
        ("school_memberships", places, stayed),
    ):
        fill_table(con, f"current.{table}", [*gone, kept])
        fill_table(con, f"marts.{table}", [kept])
    plan = planned(con, limits=Limits(district_removals=1.0))
    assert [(held.part, held.reason) for held in plan.held] == [("students_in_schools", "school_removals")]
    ends = {"schools": {"end": 2}, "org_memberships": {"end": 20}, "school_memberships": {"end": 21}}
    assert (plan.counts, plan.held_counts) == ({}, ends)
