"""What a plan says to people: who joined, changed and left, there and elsewhere, and what waits; never who."""

from roster_pipeline.model.entities import ENTITIES, OPS
from roster_pipeline.model.scope import Scope
from roster_pipeline.plan.change_summary import count_changes
from roster_pipeline.plan.summary import summarize
from roster_pipeline_tests.support.plans import (
    NORTH,
    account,
    both,
    con,  # noqa: F401 - fixtures
    has,
    key,
    member,
    members_leave,
    place,
    planned,
    roster,
    school,
    shall,
    was,
)

ART, ZOO = "art".rjust(24, "0"), "zoo".rjust(24, "0")


def said(con, *scope):
    return summarize(con, planned(con), Scope(*scope))


def test_no_difference_means_nothing_changed(con):
    both(con, "org_memberships", member(1))
    assert said(con) == said(con, "section", ART) == "Nothing changed."


def test_joins_and_a_renamed_class_are_all_that_is_listed(con):
    both(con, "org_memberships", *(member(number) for number in range(100, 140)))
    shall(con, "org_memberships", member(1), member(2), member(3))
    shall(con, "school_memberships", *(member(number) | {"school_id": NORTH} for number in (1, 2, 3)))
    was(con, "rosters", roster(ART, "Art"))
    shall(con, "rosters", roster(ART, "Art II"))
    shall(con, "roster_students", place(ART, 1), place(ART, 2), place(ART, 3))
    assert said(con) == "3 students joined, 1 class renamed, nothing removed."
    assert count_changes(con) == {"student": {"joined": 3}, "class": {"renamed": 1}}


def test_places_of_a_leaving_student_are_not_repeated(con):
    both(con, "org_memberships", *(member(number) for number in range(100, 140)))
    both(con, "rosters", roster(ART, "Art"))
    both(con, "roster_students", *(place(ART, number) for number in range(100, 140)))
    was(con, "org_memberships", member(1))
    was(con, "roster_students", place(ART, 1))
    assert said(con) == "1 student left."
    assert said(con, "section", ART) == (
        "In this class: 1 student taken out. Nothing changed elsewhere in the district."
    )


def test_returning_person_is_listed_as_returned(con):
    has(con, "current.org_memberships", [member(1, "teacher")], is_ended=True)
    shall(con, "org_memberships", member(1, "teacher"))
    assert said(con) == "1 teacher returned, nothing removed."


def test_moves_between_classes_list_both_ends(con):
    both(con, "rosters", roster(ART, "Art"), roster(ZOO, "Zoo"))
    both(con, "roster_students", *(place(ART, number) for number in range(100, 140)))
    was(con, "roster_students", place(ART, 1), place(ART, 2))
    shall(con, "roster_students", place(ZOO, 1), place(ZOO, 2))
    assert said(con) == "2 students added to classes, 2 students taken out of classes."
    assert said(con, "section", ZOO) == (
        "In this class: 2 students added, nothing removed. Elsewhere in the district: 2 students taken out of classes."
    )


def test_names_and_emails_are_listed_by_role_and_kind(con):
    was(con, "accounts", account(1), account(2), account(3, "teacher"), account(4))
    shall(
        con,
        "accounts",
        account(1, first_name="Ada"),
        account(2, last_name="Reed", email="new@example.org"),
        account(3, "teacher", email="other@example.org"),
        account(4, clever_email="taken@example.org"),
    )
    assert said(con) == (
        "1 student otherwise changed, 2 student names changed, 1 student email changed, 1 teacher email changed, "
        "nothing removed."
    )


def test_moved_archived_and_restored_classes_are_listed(con):
    both(con, "rosters", *(roster(f"{number:024x}", "Any") for number in range(100, 140)))
    was(con, "rosters", roster(ART, "Art"), roster(ZOO, "Zoo"))
    shall(con, "rosters", roster(ART, "Art", "2".rjust(24, "0")), roster("new".rjust(24, "0"), "New"))
    assert said(con) == "1 class archived, 1 class moved to another school, 1 class new."
    assert said(con, "section", ART) == (
        "In this class: it is moved to another school, nothing removed. "
        "Elsewhere in the district: 1 class archived, 1 class new."
    )


def test_renamed_member_is_listed_for_the_requested_class(con):
    both(con, "rosters", roster(ART, "Art"), roster(ZOO, "Zoo"))
    both(con, "roster_students", place(ART, 1), place(ZOO, 2))
    was(con, "accounts", account(1), account(2))
    shall(con, "accounts", account(1, first_name="Ada"), account(2, first_name="Eva"))
    assert said(con, "section", ART) == (
        "In this class: 1 student name changed, nothing removed. "
        "Elsewhere in the district: 1 student name changed, nothing removed."
    )


def test_requested_school_lists_its_people_and_classes_first(con):
    both(con, "rosters", roster(ZOO, "Zoo", "elsewhere"))
    both(con, "org_memberships", member(1))
    shall(con, "org_memberships", member(2), member(3, "teacher"))
    shall(con, "school_memberships", *(member(number) | {"school_id": NORTH} for number in (1, 2)))
    shall(con, "rosters", roster(ART, "Art"))
    shall(con, "roster_students", place(ART, 2), place(ZOO, 1))
    assert said(con, "school", NORTH) == (
        "In this school: 2 students added, 1 class new, nothing removed. "
        "Elsewhere in the district: 1 student added to a class, 1 teacher joined, nothing removed."
    )


def test_unknown_requested_class_is_reported_as_arrived_or_not(con):
    shall(con, "org_memberships", member(1))
    assert said(con, "district", ART) == (
        "Nothing came of the class asked for. Elsewhere in the district: 1 student joined, nothing removed."
    )
    shall(con, "rosters", roster(ART, "Art"))
    shall(con, "roster_students", place(ART, 1))
    assert said(con, "district", ART) == (
        "In this class: 1 student added, it is new, nothing removed. Nothing changed elsewhere in the district."
    )


def test_waiting_removals_are_counted_in_people(con):
    members_leave(con, 11, 100)
    both(con, "rosters", roster(ART, "Art"))
    was(con, "roster_students", *(place(ART, number) for number in range(100)))
    shall(con, "roster_students", *(place(ART, number) for number in range(11, 100)))
    shall(con, "schools", school(1, "Secret School"))
    plan = planned(con)
    assert plan.held_counts == {"org_memberships": {"end": 11}, "roster_students": {"end": 11}}
    assert summarize(con, plan) == "1 school new, nothing removed; 11 removals wait for a person (students)."
    assert "Secret" not in summarize(con, plan)


def test_waiting_names_are_not_removals(con):
    both(con, "org_memberships", *(member(number) for number in range(9)))
    was(con, "accounts", *(account(number, is_linked_here=True) for number in range(9)))
    shall(con, "accounts", *(account(number, first_name="Wrong") for number in range(9)))
    assert said(con) == "Nothing changed; 9 changes wait for a person (names and emails)."


def test_whatever_is_written_is_told(con):
    """A change of any kind, even alone as it hardly comes, is something that changed."""
    planned(con)
    ids = {"clever_id": key(1), "account_id": 1, "role": "student", "section_id": ART, "school_id": NORTH}
    untold = []
    for entity in ENTITIES:
        row = {name: ids[name] for name in entity.columns if name in ids}
        for op in OPS:
            has(con, f"changes.{entity.name}", [row], op=op, held=False)
            if [*count_changes(con).values()] == []:
                untold.append((entity.name, op))
            con.execute(f"delete from changes.{entity.name}")
    assert untold == []
