"""Invented terms, courses and sections as raw Clever objects. Who is in a section is `enrolment`'s."""

from datetime import timedelta

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.scene import Scene
from roster_pipeline.sandbox.data.schools import GRADES

SUBJECTS = (
    ("Homeroom", "homeroom/advisory"),
    ("Mathematics", "math"),
    ("English Language Arts", "english/language arts"),
    ("Science", "science"),
    ("Social Studies", "social studies"),
    ("Español / Heritage", "language"),
    ("Art & Music", "arts and music"),
    ("Physical Education", "PE and health"),
    ("Coding", "technology and engineering"),
    ("Reading Lab", "interventions/online learning"),
)
"""Course names, and Clever's own word for their subject (Clever's specification)."""
TERMS = (("S1", -3, 140), ("S2", 141, 300), ("Y1", -3, 300))
"""Name, first and last day, counted from the scene's moment."""


def make_terms(scene: Scene) -> list[Object]:
    """The terms of the school year of the scene's moment."""
    return [
        {
            "id": scene.new_id(),
            "district": scene.district,
            "name": name,
            "start_date": f"{scene.moment + timedelta(days=first):%Y-%m-%d}",
            "end_date": f"{scene.moment + timedelta(days=last):%Y-%m-%d}",
        }
        for name, first, last in TERMS
    ]


def make_courses(scene: Scene) -> dict[tuple[str, str], Object]:
    """By grade and subject."""
    return {
        (grade, subject): {
            "id": scene.new_id(),
            "district": scene.district,
            "name": f"{subject} {'K' if grade == GRADES[0] else grade}",
            "number": f"{GRADES.index(grade):02d}{number:02d}",
        }
        for grade in GRADES
        for number, (subject, _) in enumerate(SUBJECTS)
    }


def make_section(scene: Scene, number: int, school: str, course: Object, teachers: list[Object]) -> Object:
    """A section without students; `number` is unique in the district, the first teacher is the primary one.

    The name follows Clever's rule: course, teacher's last name, period (Clever, *Sections*).
    """
    period = str(number % 8)
    section = {
        **scene.stamped(),
        "school": school,
        "course": course["id"],
        "name": " - ".join([course["name"], *(each["name"]["last"] for each in teachers[:1]), period]),
        "period": period,
        "section_number": str(number),
        "sis_id": f"SEC{number}",
        "teachers": [each["id"] for each in teachers],
        "students": [],
        "ext": {"classroom": f"A{number % 40}"},
    }
    if teachers:
        section["teacher"] = teachers[0]["id"]
    return section
