"""The questions of `examples/analysts.sql` have the right answers in the analysts' database."""

from pathlib import Path

import duckdb
import pytest

from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.changes import NO_LIMITS
from roster_pipeline_tests.support.town import Town, clever_id

FILE = Path(__file__).parents[2] / "examples" / "analysts.sql"
DAY = "'2026-09-01 12:00-04'"
TERM, COURSE = (clever_id(1, name, 0) for name in ("term", "course"))
SCHOOL = clever_id(1, "school", 0)


def split_questions():
    """Return each question of the file as its number, its sentence and its statement."""
    parts = FILE.read_text(encoding="utf-8").split("\n-- ")[1:]
    numbered = [part.split(". ", 1) for part in parts if part.partition(".")[0].isdigit()]
    return [(int(number), *text.split("\n", 1)) for number, text in numbered]


def grown_town():
    """Return a town with two students without a class, one class of two teachers and a class without students."""
    town = Town()
    town.edit("terms", TERM, name="Fall", start_date="2026-08-03", end_date="2026-12-18")
    town.edit("courses", COURSE, name="Algebra", number="101")
    teachers = [town.teacher(1), town.teacher(2)]
    students = [town.student(number) for number in range(10, 16)]
    for key, grade in zip(students, ("4", "4", "5", "5", "5", "Kindergarten"), strict=True):
        roles = town.person(key)["roles"]
        town.edit("users", key, roles={"student": roles["student"] | {"grade": grade}})
    town.section(1, teachers=teachers, students=students[:4], term_id=TERM, course=COURSE)
    town.section(2, teachers=teachers[:1], students=[], name="Empty")
    return town, students


@pytest.fixture
def answers(connect, quick_sync):
    """Sync a town on two days, and return the answer of a question by its number."""
    town, students = grown_town()
    connect(town)
    quick_sync(town, NO_LIMITS, snapshot=True)
    latest = read_settings().snapshots_folder / "latest.duckdb"
    with duckdb.connect(latest, read_only=True) as con:
        ((first,),) = con.execute("select max(finished_at)::varchar from syncs").fetchall()
    town.leave(students[0])
    town.student(20)
    town.section(1, teachers=[town.teacher(1), town.teacher(2)], students=students[1:5], name="Renamed", term_id=TERM)
    town.edit("sections", clever_id(1, "section", 1), course=COURSE)
    quick_sync(town, NO_LIMITS, snapshot=True)
    with duckdb.connect(latest, read_only=True) as con:
        yield (
            {
                number: con.execute(statement.replace(DAY, f"'{first}'")).fetchall()
                for number, _, statement in split_questions()
            },
            town,
        )


def test_every_question_has_a_number_and_a_sentence():
    questions = split_questions()
    assert [number for number, *_ in questions] == list(range(1, 13))
    assert all("?" in sentence for _, sentence, _ in questions)


def test_answers_are_those_of_the_town(answers):
    rows, town = answers
    users = town.resources["users"].values()
    count = {role: sum(role in user["roles"] for user in users) for role in ("student", "teacher")}
    assert rows[1] == [(town.id, role, people) for role, people in count.items()]  # one left and one joined since
    assert rows[2] == [
        (town.id, "student", "changed class", 1),
        (town.id, "student", "joined", 1),
        (town.id, "student", "left", 1),
    ]
    sections = town.resources["sections"].values()
    places = sum(len(section["students"]) for section in sections)
    assert [row[1:] for row in rows[3]] == [(town.id, places)]
    assert rows[4] == [(town.id, "School 0", 2)]
    sizes = sorted(len(section["students"]) for section in sections)
    ((district, school, classes, smallest, _, largest),) = rows[5]
    assert (district, school, classes, smallest, largest) == (town.id, "School 0", len(sizes), 0, sizes[-1])
    assert [(row[0], row[2], row[5]) for row in rows[6]] == [(town.id, "published", 0)]
    assert {row[1]: row[3] for row in rows[7]} == {
        section["id"]: len(section["teachers"]) for section in sections if len(section["teachers"]) > 1
    }
    grades = {row[2]: row[3] for row in rows[8]}
    assert {grade: grades[grade] for grade in ("4", "5", "Kindergarten")} == {"4": 1, "5": 3, "Kindergarten": 1}
    assert sum(grades.values()) == count["student"]
    assert rows[9] == [(town.id, SCHOOL, 1, 1)]
    assert [(row[2], row[5]) for row in rows[10]] == [("Class 1", SCHOOL), ("Renamed", SCHOOL)]
    assert {row[1]: row[2] for row in rows[11]} == {
        "enrollments": 1,
        "people": 1,
        "rosters": 1,
        "school_memberships": 1,
    }
    assert [(row[1], row[2], row[3], str(row[4]), row[6], row[7]) for row in rows[12]] == [
        ("101", "Algebra", "Fall", "2026-08-03", 1, 4)
    ]
