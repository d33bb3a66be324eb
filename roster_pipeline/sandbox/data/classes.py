"""Make invented terms, courses and sections as raw Clever objects. `enrollment` puts people into the sections."""

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
"""The names of courses, each with the subject that Clever's specification gives it."""
TERMS = (("S1", -3, 140), ("S2", 141, 300), ("Y1", -3, 300))
"""The name of each term, and its first and last day relative to the moment of the scene."""


def make_terms(scene: Scene) -> list[Object]:
    """Make the terms of the school year that contains the moment of the scene."""
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
    """Make the courses, by grade and subject."""
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
    """Make a section without students.

    Its name follows Clever's rule: the course, the last name of the teacher, and the period.

    Args:
        scene: the district.
        number: a number that is unique in the district.
        school: the id of the school.
        course: the course.
        teachers: the teachers. The first one is the primary teacher.
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
