"""Add the irregularities of real rosters to invented ones, such as broken email addresses and missing fields.

The position of an object decides about its irregularity. The number of people and sections does not change.
"""

from collections.abc import Sequence

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.people import staff_role
from roster_pipeline.sandbox.data.scene import Scene

BROKEN_EMAILS = (
    "{name}",
    "{name} @students.example.org",
    "{name}@@example.net",
    "{name}@example.org;",
    "@example.com",
)


def team_size(number: int) -> int:
    """Return the number of teachers of a section: mostly one or two, rarely three or none."""
    if number % 97 == 13:
        return 0
    if number % 83 == 7:
        return 3
    return 2 if number % 8 == 3 else 1


def stays_empty(section: Object) -> bool:
    """Return whether a section has no students."""
    return int(section["section_number"]) % 131 == 29


def apply(
    scene: Scene,
    schools: Sequence[Object],
    students: Sequence[Object],
    teachers: Sequence[Object],
    sections: Sequence[Object],
) -> None:
    """Change some of the objects in place. They must not be in a district yet."""
    for position, student in enumerate(students):
        _odd_email(position, student, students, teachers)
        if position % 67 == 11:
            _second_school(position, student["roles"]["student"], schools)
    for position, teacher in enumerate(teachers):
        if position % 23 == 5:
            _second_school(position, teacher["roles"]["teacher"], schools)
        if position % 37 == 9:
            teacher["roles"]["staff"] = staff_role(50_000 + position, teacher["roles"]["teacher"]["schools"])
    for position, section in enumerate(sections):
        _odd_section(scene, position, section)
    _add_second_school_students(students, sections)


def _odd_email(position: int, student: Object, students: Sequence[Object], teachers: Sequence[Object]) -> None:
    """Give some students an email address that is broken, empty, shared with someone else, or in mixed case."""
    if position % 499 == 250:
        name = student["roles"]["student"]["credentials"]["district_username"]
        student["email"] = BROKEN_EMAILS[position // 499 % len(BROKEN_EMAILS)].format(name=name)
    elif position % 223 == 101:
        student["email"] = students[position - 1].setdefault("email", f"home{position}@mail.example.net")
    elif position % 1999 == 555 and teachers:
        student["email"] = teachers[0]["email"]
    elif position % 41 == 17 and "email" in student:
        student["email"] = student["email"].title()
    elif position % 59 == 31 and "email" not in student:
        student["email"] = ""


def _second_school(position: int, role: Object, schools: Sequence[Object]) -> None:
    """Add a second school to the role of a user."""
    other = schools[position % len(schools)]["id"]
    if other != role["school"]:
        role["schools"] = [role["school"], other]


def _odd_section(scene: Scene, position: int, section: Object) -> None:
    """Give some sections a common name, missing fields, or a student whom the district does not share."""
    if position % 19 == 7:
        section["name"] = "Study Hall"
    if position % 71 == 20:
        del section["term_id"]
    if position % 89 == 33:
        del section["course"]
        section["subject"] = ""
    if position % 149 == 41:
        section["students"].append(scene.new_id())


def _add_second_school_students(students: Sequence[Object], sections: Sequence[Object]) -> None:
    """Put each student with a second school into a section of that school."""
    section_of_school = {section["school"]: section for section in sections if not stays_empty(section)}
    for student in students:
        for school in student["roles"]["student"]["schools"][1:]:
            if school in section_of_school:
                section_of_school[school]["students"].append(student["id"])
