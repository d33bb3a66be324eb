"""The description of a held plan names the largest removals first, every reason, and the people."""

from datetime import UTC, datetime

import duckdb
import pytest

from roster_pipeline.cli.report import Report, show_reports
from roster_pipeline.cli.waiting import show_people
from roster_pipeline.model.limits import Limits, ThresholdContext
from roster_pipeline.model.plan import HeldPart
from roster_pipeline.plan.build import build_plan
from roster_pipeline.plan.impact import describe_impact, describe_reasons, list_people_on_hold
from roster_pipeline_tests.support.plans import (
    con,  # noqa: F401 - fixtures
    fill_table,
    member,
    members_leave,
    planned,
    school,
)

OF_DISTRICT = {"sync_id": 1, "organization_id": 1, "district_id": "d" * 24}


def waits(con: duckdb.DuckDBPyConnection):
    """Eleven of twelve leave the district, one from the first school and ten from the second; one leaves a school."""
    fill_table(con, "current.schools", [school(1, "Small"), school(2, "Large")])
    fill_table(con, "marts.schools", [school(1, "Small"), school(2, "Large")])
    for number in range(12):
        place = {"school_id": f"{1 if number < 2 else 2:024x}"}
        named = {"account_id": number, "linked_clever_id": f"{number:024x}", "role": "student", "first_name": "Ann"}
        fill_table(con, "current.accounts", [named | {"last_name": f"Number {number}", "is_linked_here": True}])
        fill_table(con, "current.org_memberships", [member(number)])
        fill_table(con, "current.school_memberships", [member(number) | place])
    fill_table(con, "marts.org_memberships", [member(0)])
    return planned(con, limits=Limits(school_removals=1.0))


def test_school_that_loses_most_is_named_first(con):
    waits(con)
    named = describe_impact(con)["schools_named"]
    assert [(one["name"], one["students"]) for one in named] == [("Large", 10), ("Small", 1)]


def test_each_waiting_person_is_named_once_with_the_losses(con, capsys):
    waits(con)
    about = list_people_on_hold(con)
    leaving = {
        one["last_name"]: (one["leaves_the_district"], one["schools"], one["classes"]) for one in about["people"]
    }
    assert leaving == {f"Number {number}": (True, 1, 0) for number in range(1, 12)}
    show_people(about)
    said = capsys.readouterr().out
    assert [word for word in ("11 people who would leave", "Number 11", "the district") if word not in said] == []


def test_waiting_names_show_old_and_new_values(con):
    known = {"account_id": 1, "linked_clever_id": "a", "role": "student", "last_name": "Lake", "is_linked_here": True}
    fill_table(con, "current.accounts", [known | {"first_name": "Ann"}])
    for table in ("current", "marts"):
        fill_table(con, f"{table}.org_memberships", [member(1)])
    fill_table(con, "marts.accounts", [{"account_id": 1, "role": "student", "first_name": "Eve", "last_name": "Lake"}])
    assert [one.part for one in planned(con).held] == ["names_and_emails"]
    (renamed,) = list_people_on_hold(con)["renamed"]
    assert (renamed["clever_id"], renamed["was_first_name"], renamed["first_name"]) == ("a", "Ann", "Eve")


def test_part_that_crossed_two_thresholds_shows_both(con):
    held = [
        HeldPart("enrollments", "class_removals", 9, 10, 0.6, ("a",)),
        HeldPart("enrollments", "school_removals", 20, 30, 0.3, ("b",)),
        HeldPart("names_and_emails", "district_updates", 8, 10, 0.75),
    ]
    assert describe_reasons(held) == (
        "class_removals (students in classes, over 60%), school_removals (students in classes, over 30%), "
        "district_updates (names and emails, over 75%)"
    )


def test_only_unapproved_removals_count_for_the_window(con):
    members_leave(con, 11, 100)
    fill_table(con, "current.org_memberships", [member(number, "teacher") for number in range(200, 220)])
    fill_table(con, "marts.org_memberships", [member(number, "teacher") for number in range(201, 220)])
    held = planned(con)
    assert (len(held.held), held.removed) == (1, {"teachers": 1})
    decided = ThresholdContext(approved=frozenset({held.held_digest}))
    con.execute("update changes.org_memberships set held = false")
    plan = build_plan(con, **OF_DISTRICT, emptied=(), context=decided)
    assert (plan.held, plan.counts) == ((), {"org_memberships": {"end": 12}})
    assert plan.removed == {"teachers": 1}


NOW = datetime(2026, 11, 27, tzinfo=UTC)
HELD = {"org_memberships": {"end": 11}}
WHY = (HeldPart("students", "district_removals", 11, 100, 0.1),)


@pytest.mark.parametrize(
    ("state", "why", "said", "unsaid"),
    [
        ("held", (), "roster-pipeline holds", "rejected"),
        ("published", (), "The removals were rejected", "roster-pipeline holds"),
        ("planned", WHY, "A sync would put these changes on hold", "roster-pipeline holds"),
    ],
)
def test_waiting_removals_name_the_next_action(state, why, said, unsaid, capsys):
    show_reports([Report("d" * 24, "Any", "run", state, 3, held=HELD, why=why)], NOW)
    shown = " ".join(capsys.readouterr().out.split())
    assert said in shown
    assert unsaid not in shown
    assert ("more than 10% of the district's students would be removed" in shown) == bool(why)
