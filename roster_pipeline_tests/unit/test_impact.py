"""The impact of a hold has parts that sum to the total, and one sentence about the largest part."""

import pytest

from roster_pipeline.model.limits import Limits
from roster_pipeline.plan.change_summary import REMOVALS, count_changes
from roster_pipeline.plan.impact import describe_impact
from roster_pipeline.plan.summary import summarize
from roster_pipeline_tests.support.plans import (
    account,
    both,
    con,  # noqa: F401 - fixtures
    fill_table,
    member,
    place,
    planned,
    roster,
    school,
    set_current,
)

HIGH, MIDDLE = f"{1:024x}", f"{2:024x}"
LARGE, SMALL = "a" * 24, "b" * 24


def pupils(con, *, of, leaving, school_id=HIGH, sections=(), role="student"):
    """Members numbered `of`, in one school and these classes; those `leaving` are in Clever no more."""
    people = [member(number, role) for number in of]
    stay = [one for number, one in zip(of, people, strict=True) if number not in leaving]
    fill_table(con, "current.org_memberships", people)
    fill_table(con, "marts.org_memberships", stay)
    fill_table(con, "current.school_memberships", [one | {"school_id": school_id} for one in people])
    fill_table(con, "marts.school_memberships", [one | {"school_id": school_id} for one in stay])
    for section in sections:
        set_current(con, "roster_students", *(place(section, number) for number in of))
        fill_table(con, "marts.roster_students", [place(section, number) for number in of if number not in leaving])


@pytest.fixture
def two_schools(con):
    """Clever High School and Clever Middle School, with a class each."""
    both(con, "schools", school(1, "Clever High School"), school(2, "Clever Middle School"))
    both(con, "rosters", roster(LARGE, "Band", HIGH), roster(SMALL, "Art", MIDDLE))
    return con


def test_sentence_counts_the_students_of_one_school(two_schools):
    pupils(two_schools, of=range(400), leaving=range(160))
    pupils(two_schools, of=range(1000, 1100), leaving=(), school_id=MIDDLE)
    planned(two_schools)
    shown = describe_impact(two_schools)
    assert shown["sentence"] == "160 of 400 students in Clever High School (40%) are missing from Clever."
    assert (shown["total"], shown["parts"]) == (160, {"students": 160})


def test_sentence_for_two_schools_names_the_district(two_schools):
    pupils(two_schools, of=range(100), leaving=range(40))
    pupils(two_schools, of=range(1000, 1100), leaving=range(1000, 1060), school_id=MIDDLE)
    planned(two_schools)
    assert describe_impact(two_schools)["sentence"] == (
        "100 of 200 students in the district (50%) are missing from Clever."
    )


def test_parts_sum_to_the_total_across_thresholds(two_schools):
    """Some leave the district, some a school, some a class only, teachers too: each is counted once."""
    con = two_schools
    pupils(con, of=range(100), leaving=range(40), sections=(LARGE,))
    pupils(con, of=range(1000, 1010), leaving=range(1000, 1008), school_id=MIDDLE, sections=(SMALL,))
    pupils(con, of=range(2000, 2030), leaving=range(2000, 2012), role="teacher")
    moved = [member(number) | {"school_id": MIDDLE} for number in range(50, 90)]
    fill_table(con, "current.school_memberships", moved)
    set_current(con, "roster_students", *(place(SMALL, number) for number in range(50, 90)))
    plan = planned(con)
    shown = describe_impact(con)
    assert len({(held.part, held.reason) for held in plan.held}) > 2
    removals = {
        (noun, became): count
        for noun, counts in count_changes(con, held=True).items()
        for became, count in counts.items()
        if became in REMOVALS
    }
    assert sum(shown["parts"].values()) == shown["total"] == sum(removals.values())
    assert shown["parts"]["students"] == 48
    assert f"{shown['total']} removals are on hold for approval (48 students, " in summarize(con, plan)


def test_sentence_names_the_class_that_loses_most(two_schools):
    pupils(two_schools, of=range(100), leaving=())
    set_current(two_schools, "roster_students", *(place(SMALL, number) for number in range(15)))
    fill_table(two_schools, "marts.roster_students", [place(SMALL, number) for number in range(12, 15)])
    planned(two_schools, limits=Limits(district_removals=1.0))
    shown = describe_impact(two_schools)
    assert shown["sentence"] == "12 of 15 students in Art (80%) are no longer listed there in Clever."
    assert shown["parts"] == {"enrollments": 12}


def test_sentence_counts_places_of_several_classes(two_schools):
    pupils(two_schools, of=range(100), leaving=())
    for section in (LARGE, SMALL):
        set_current(two_schools, "roster_students", *(place(section, number) for number in range(10)))
    planned(two_schools, limits=Limits(district_removals=1.0))
    shown = describe_impact(two_schools)
    assert shown["sentence"] == "20 of 20 student places in 2 classes (100%) are no longer in Clever."
    assert shown["parts"] == {"enrollments": 10}


def test_sentence_reports_schools_and_classes_that_go(con):
    both(con, "schools", school(1, "High"))
    set_current(con, "rosters", *(roster(f"{number:024x}", "Any", HIGH) for number in range(100, 120)))
    fill_table(con, "marts.rosters", [roster(f"{number:024x}", "Any", HIGH) for number in range(112, 120)])
    planned(con)
    assert describe_impact(con)["sentence"] == "12 of 20 classes in High (60%) are missing from Clever."
    set_current(con, "schools", school(2, "Gone"))
    con.execute("delete from current.rosters")
    planned(con)
    assert describe_impact(con)["sentence"] == "1 of 2 schools in the district (50%) is missing from Clever."


def test_sentence_counts_changed_names(con):
    both(con, "org_memberships", *(member(number) for number in range(9)))
    set_current(con, "accounts", *(account(number, is_linked_here=True) for number in range(9)))
    fill_table(con, "marts.accounts", [account(number, first_name="Wrong") for number in range(9)])
    planned(con)
    shown = describe_impact(con)
    assert shown["sentence"] == "9 of 9 people (100%) have a different name or email in Clever."
    assert shown["parts"] == {"names_and_emails": 9}


def test_sentence_for_an_empty_list_says_nobody_left(two_schools):
    pupils(two_schools, of=range(20), leaving=range(20))
    planned(two_schools, emptied={"students"})
    shown = describe_impact(two_schools)
    assert shown["sentence"].startswith("A list in Clever is empty")
    assert shown["parts"] == {"students": 20}
