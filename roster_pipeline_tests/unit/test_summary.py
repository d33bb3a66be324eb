"""The summary of a plan: what it adds, changes and removes, in the scope and elsewhere, and what is on hold."""

from dataclasses import replace

from roster_pipeline.model.entities import ENTITIES, OPS
from roster_pipeline.model.scope import Scope
from roster_pipeline.plan.change_summary import count_changes
from roster_pipeline.plan.summary import summarize
from roster_pipeline_tests.support.plans import (
    NORTH,
    account,
    both,
    con,  # noqa: F401 - fixtures
    fill_table,
    key,
    member,
    members_leave,
    place,
    planned,
    roster,
    school,
    set_current,
    set_desired,
)

ART, ZOO = "art".rjust(24, "0"), "zoo".rjust(24, "0")


def said(con, *scope):
    return summarize(con, planned(con), Scope(*scope))


def test_no_difference_means_nothing_changed(con):
    both(con, "org_memberships", member(1))
    assert said(con) == said(con, "section", ART) == "No changes. Everything already matches Clever."


def test_joins_and_a_renamed_class_are_all_that_is_listed(con):
    both(con, "org_memberships", *(member(number) for number in range(100, 140)))
    set_desired(con, "org_memberships", member(1), member(2), member(3))
    set_desired(con, "school_memberships", *(member(number) | {"school_id": NORTH} for number in (1, 2, 3)))
    set_current(con, "rosters", roster(ART, "Art"))
    set_desired(con, "rosters", roster(ART, "Art II"))
    set_desired(con, "roster_students", place(ART, 1), place(ART, 2), place(ART, 3))
    assert said(con) == "Added 3 students; renamed 1 class; removed nothing."
    assert count_changes(con) == {"student": {"joined": 3}, "class": {"renamed": 1}}


def test_places_of_a_leaving_student_are_not_repeated(con):
    both(con, "org_memberships", *(member(number) for number in range(100, 140)))
    both(con, "rosters", roster(ART, "Art"))
    both(con, "roster_students", *(place(ART, number) for number in range(100, 140)))
    set_current(con, "org_memberships", member(1))
    set_current(con, "roster_students", place(ART, 1))
    assert said(con) == "Removed 1 student no longer shared by Clever."
    assert said(con, "section", ART) == ("In this class: removed 1 student. No changes elsewhere in the district.")


def test_unpublished_plan_speaks_of_the_future(con):
    members_leave(con, 11, 100)
    set_desired(con, "schools", school(1, "Any"))
    set_desired(con, "org_memberships", member(200), member(201, "teacher"))
    plan = planned(con)
    assert summarize(con, plan, is_published=False) == (
        "Would add 1 student, 1 teacher and 1 school; remove nothing. "
        "11 removals would be on hold for approval (11 students)."
    )
    assert summarize(con, plan, is_published=False, is_rejected=True).endswith(
        "11 removals were rejected, so the data is kept (11 students)."
    )


def test_one_change_takes_the_singular_and_several_the_plural(con):
    both(con, "school_memberships", member(100) | {"school_id": NORTH})
    for number in (1, 2):
        set_current(con, "school_memberships", member(number, "teacher") | {"school_id": NORTH, "is_primary": True})
        set_desired(con, "school_memberships", member(number, "teacher") | {"school_id": NORTH, "is_primary": False})
        words = ("school of 1 teacher;", "schools of 2 teachers;")[number - 1]
        assert said(con) == f"Changed the main {words} removed nothing."


def test_returning_person_is_listed_as_returned(con):
    fill_table(con, "current.org_memberships", [member(1, "teacher")], is_ended=True)
    set_desired(con, "org_memberships", member(1, "teacher"))
    assert said(con) == "Re-added 1 teacher; removed nothing."


def test_moves_between_classes_list_both_ends(con):
    both(con, "rosters", roster(ART, "Art"), roster(ZOO, "Zoo"))
    both(con, "roster_students", *(place(ART, number) for number in range(100, 140)))
    set_current(con, "roster_students", place(ART, 1), place(ART, 2))
    set_desired(con, "roster_students", place(ZOO, 1), place(ZOO, 2))
    assert said(con) == "Added 2 students to classes; removed 2 students from classes."
    assert said(con, "section", ZOO) == (
        "In this class: added 2 students; removed nothing. Elsewhere in the district: removed 2 students from classes."
    )


def test_names_and_emails_are_listed_by_role_and_kind(con):
    set_current(con, "accounts", account(1), account(2), account(3, "teacher"), account(4))
    set_desired(
        con,
        "accounts",
        account(1, first_name="Ada"),
        account(2, last_name="Reed", email="new@example.org"),
        account(3, "teacher", email="other@example.org"),
        account(4, clever_email="taken@example.org"),
    )
    assert said(con) == (
        "Changed 2 student names, 1 student email and 1 teacher email; changed other details of 1 student; "
        "removed nothing."
    )


def test_moved_archived_and_restored_classes_are_listed(con):
    both(con, "rosters", *(roster(f"{number:024x}", "Any") for number in range(100, 140)))
    set_current(con, "rosters", roster(ART, "Art"), roster(ZOO, "Zoo"))
    set_desired(con, "rosters", roster(ART, "Art", "2".rjust(24, "0")), roster("new".rjust(24, "0"), "New"))
    assert said(con) == "Added 1 class; moved 1 class to another school; archived 1 class."
    assert said(con, "section", ART) == (
        "In this class: moved the class to another school; removed nothing. "
        "Elsewhere in the district: added 1 class; archived 1 class."
    )


def test_renamed_member_is_listed_for_the_requested_class(con):
    both(con, "rosters", roster(ART, "Art"), roster(ZOO, "Zoo"))
    both(con, "roster_students", place(ART, 1), place(ZOO, 2))
    set_current(con, "accounts", account(1), account(2))
    set_desired(con, "accounts", account(1, first_name="Ada"), account(2, first_name="Eva"))
    assert said(con, "section", ART) == (
        "In this class: changed 1 student name; removed nothing. "
        "Elsewhere in the district: changed 1 student name; removed nothing."
    )


def test_requested_school_lists_its_people_and_classes_first(con):
    both(con, "rosters", roster(ZOO, "Zoo", "elsewhere"))
    both(con, "org_memberships", member(1))
    set_desired(con, "org_memberships", member(2), member(3, "teacher"))
    set_desired(con, "school_memberships", *(member(number) | {"school_id": NORTH} for number in (1, 2)))
    set_desired(con, "rosters", roster(ART, "Art"))
    set_desired(con, "roster_students", place(ART, 2), place(ZOO, 1))
    assert said(con, "school", NORTH) == (
        "In this school: added 2 students and 1 class; removed nothing. "
        "Elsewhere in the district: added 1 teacher; added 1 student to a class; removed nothing."
    )


def test_unknown_requested_class_is_reported_as_arrived_or_not(con):
    set_desired(con, "org_memberships", member(1))
    assert said(con, "district", ART) == (
        "The requested class was not added. Elsewhere in the district: added 1 student; removed nothing."
    )
    set_desired(con, "rosters", roster(ART, "Art"))
    set_desired(con, "roster_students", place(ART, 1))
    assert said(con, "district", ART) == (
        "In this class: added 1 student and the class; removed nothing. No changes elsewhere in the district."
    )


def test_waiting_removals_are_counted_in_people(con):
    members_leave(con, 11, 100)
    both(con, "rosters", roster(ART, "Art"))
    set_current(con, "roster_students", *(place(ART, number) for number in range(100)))
    set_desired(con, "roster_students", *(place(ART, number) for number in range(11, 100)))
    set_desired(con, "schools", school(1, "Secret School"))
    plan = planned(con)
    assert plan.held_counts == {"org_memberships": {"end": 11}, "roster_students": {"end": 11}}
    assert summarize(con, plan) == (
        "Added 1 school; removed nothing. 11 removals are on hold for approval (11 students)."
    )
    assert "Secret" not in summarize(con, plan)


def test_waiting_names_are_not_removals(con):
    both(con, "org_memberships", *(member(number) for number in range(9)))
    set_current(con, "accounts", *(account(number, is_linked_here=True) for number in range(9)))
    set_desired(con, "accounts", *(account(number, first_name="Wrong") for number in range(9)))
    assert said(con) == "No changes. 9 changes are on hold for approval (9 names or emails)."


def test_every_kind_of_written_change_has_words(con):
    """A change of any entity and operation is in the summary, even if it is the only change of the plan."""
    plan = planned(con)
    ids = {"clever_id": key(1), "account_id": 1, "role": "student", "section_id": ART, "school_id": NORTH}
    ids |= {"term_id": key(2), "course_id": key(3)}
    without_words = []
    for entity in ENTITIES:
        row = {name: ids[name] for name in entity.columns if name in ids}
        for op in OPS:
            fill_table(con, f"changes.{entity.name}", [row], op=op, held=False)
            assert count_changes(con) != {}, (entity.name, op)
            if len(summarize(con, replace(plan, counts={entity.name: {op: 1}})).split()) < 2:
                without_words.append((entity.name, op))
            con.execute(f"delete from changes.{entity.name}")
    assert without_words == []
