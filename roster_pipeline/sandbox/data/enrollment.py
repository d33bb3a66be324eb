"""Add sections to an invented district, with their teachers and students. `classes` makes each section."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate, cycle, islice

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data import oddities
from roster_pipeline.sandbox.data.classes import SUBJECTS, make_courses, make_section, make_terms
from roster_pipeline.sandbox.data.scene import Roster, Scene

UNENROLLED_SHARE = 0.01
"""The share of students who are in no section."""
Cohort = tuple[str, str]
"""The school id and the grade of the students in one grade of one school."""


def share_out(total: int, weights: Sequence[int]) -> list[int]:
    """Divide a number into whole parts in proportion to weights. The parts add up to the number exactly."""
    whole = sum(weights) or 1
    limits = [total * reached // whole for reached in accumulate(weights)]
    return [limit - before for before, limit in zip([0, *limits], limits, strict=False)]


def add_classes(roster: Roster, sections: int, average: float) -> None:
    """Add terms, courses and sections to a roster, and enroll the students.

    The number of sections of a cohort depends on its size. The teachers of its school teach them in turn.

    Args:
        roster: the roster, with its schools, teachers and students.
        sections: the number of sections.
        average: the average number of sections of a student.
    """
    roster.terms, courses = make_terms(roster.scene), make_courses(roster.scene)
    roster.courses = list(courses.values())
    cohorts = _cohorts(roster.students)
    turns = {school["id"]: cycle(_teachers_of_school(roster, school["id"])) for school in roster.schools}
    shares = share_out(sections, [len(students) for students in cohorts.values()])
    for ((school, grade), students), share in zip(cohorts.items(), shares, strict=True):
        first = len(roster.sections)
        for number in range(first, first + share):
            subject, word = SUBJECTS[(number - first) % len(SUBJECTS)]
            teachers = _next_teachers(turns[school], oddities.team_size(number))
            section = make_section(roster.scene, number, school, courses[grade, subject], teachers)
            term = roster.terms[number % len(roster.terms)]["id"]
            roster.sections.append(section | {"grade": grade, "subject": word, "term_id": term})
        attended = [each for each in roster.sections[first:] if not oddities.stays_empty(each)]
        _enroll(roster.scene, students, attended, average)


def _cohorts(students: Sequence[Object]) -> dict[Cohort, list[Object]]:
    """Group the students by school and grade."""
    cohorts: dict[Cohort, list[Object]] = defaultdict(list)
    for student in students:
        role = student["roles"]["student"]
        cohorts[role["school"], role["grade"]].append(student)
    return cohorts


def _teachers_of_school(roster: Roster, school: str) -> list[Object]:
    """Return the teachers of a school, or all teachers of the district if the school has none."""
    own = [each for each in roster.teachers if each["roles"]["teacher"]["school"] == school]
    return own or roster.teachers


def _next_teachers(turns: Iterator[Object], size: int) -> list[Object]:
    """Return the next teachers in turn, each of them once."""
    return list({teacher["id"]: teacher for teacher in islice(turns, size)}.values())


def _enroll(scene: Scene, students: Sequence[Object], sections: Sequence[Object], average: float) -> None:
    """Enroll each student in about `average` of the sections, and a few students in none."""
    lists = [section["students"] for section in sections]
    mean = average / (1 - UNENROLLED_SHARE)
    for student in students:
        is_unenrolled = scene.rng.random() < UNENROLLED_SHARE
        count = 0 if is_unenrolled else int(mean - 0.5 + 2 * scene.rng.random())
        for members in scene.rng.sample(lists, min(count, len(lists))):
            members.append(student["id"])
