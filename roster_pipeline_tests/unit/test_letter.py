"""A held plan as a letter: its first sentence, the number to type, and the schools that its reader may see."""

from datetime import UTC, datetime

from roster_pipeline.messages import product
from roster_pipeline.syncs.held_plans import HeldPlan
from roster_pipeline.web.letter import write_letter

WORDS = product().local("UTC", datetime(2026, 1, 1, tzinfo=UTC))


def plan_with(**impact):
    return HeldPlan("0" * 64, "d", "District", "UTC", 1, None, (), impact)


def test_the_largest_part_is_first_in_any_stored_order():
    # PostgreSQL stores the shorter keys of a JSON object first.
    letter = write_letter(plan_with(parts={"rosters": 12, "schools": 1, "students": 160}), WORDS)

    assert letter.first == "160 students would leave the district."
    assert [sentence.split()[0] for sentence in letter.parts] == ["12", "1"]
    assert letter.confirmation == 160


def test_a_letter_is_cut_by_school_and_not_by_name():
    """Two schools of a district have the same name, and the reader is an admin of the first."""
    schools = [{"school_id": key, "name": "Lincoln", "students": 5} for key in ("a", "b")]
    classes = [{"name": f"Class {key}", "school_id": key, "school": "Lincoln", "students": 5} for key in ("a", "b")]
    letter = write_letter(plan_with(schools_named=schools, classes_named=classes), WORDS, {"a"})

    assert (letter.schools, letter.classes) == (schools[:1], classes[:1])


def test_a_plan_without_ids_names_no_school_to_its_admin():
    named = [{"name": "Lincoln", "students": 5}]
    letter = write_letter(plan_with(schools_named=named, classes_named=[]), WORDS, {"a"})

    assert letter.schools == []
