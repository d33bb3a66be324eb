"""Which invented sections there are, who teaches and who attends them. One section is made in `classes`."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate, cycle, islice

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data import oddities
from roster_pipeline.sandbox.data.classes import SUBJECTS, make_courses, make_section, make_terms
from roster_pipeline.sandbox.data.scene import Roster, Scene

IDLE = 0.01
"""The share of students who are in no section."""
Cohort = tuple[str, str]
"""The students of one grade of one school: school id and grade."""


def share_out(total: int, weights: Sequence[int]) -> list[int]:
    """Whole parts of `total` in proportion to the weights; they add up to it exactly."""
    whole = sum(weights) or 1
    limits = [total * reached // whole for reached in accumulate(weights)]
    return [limit - before for before, limit in zip([0, *limits], limits, strict=False)]


def add_classes(roster: Roster, sections: int, average: float) -> None:
    """Terms, courses, and so many sections in all, each student in `average` of them.

    A cohort has sections by its size, taught in turn by the teachers of its school.
    """
    roster.terms, courses = make_terms(roster.scene), make_courses(roster.scene)
    roster.courses = list(courses.values())
    cohorts = _cohorts(roster.students)
    turns = {school["id"]: cycle(_staff_room(roster, school["id"])) for school in roster.schools}
    shares = share_out(sections, [len(students) for students in cohorts.values()])
    for ((school, grade), students), share in zip(cohorts.items(), shares, strict=True):
        first = len(roster.sections)
        for number in range(first, first + share):
            subject, word = SUBJECTS[(number - first) % len(SUBJECTS)]
            team = _team(turns[school], oddities.team_size(number))
            section = make_section(roster.scene, number, school, courses[grade, subject], team)
            term = roster.terms[number % len(roster.terms)]["id"]
            roster.sections.append(section | {"grade": grade, "subject": word, "term_id": term})
        attended = [each for each in roster.sections[first:] if not oddities.stays_empty(each)]
        _enrol(roster.scene, students, attended, average)


def _cohorts(students: Sequence[Object]) -> dict[Cohort, list[Object]]:
    cohorts: dict[Cohort, list[Object]] = defaultdict(list)
    for student in students:
        role = student["roles"]["student"]
        cohorts[role["school"], role["grade"]].append(student)
    return cohorts


def _staff_room(roster: Roster, school: str) -> list[Object]:
    """The teachers of a school, or all of the district where it has none."""
    own = [each for each in roster.teachers if each["roles"]["teacher"]["school"] == school]
    return own or roster.teachers


def _team(turns: Iterator[Object], size: int) -> list[Object]:
    """The next teachers in turn; nobody twice, however few there are."""
    return list({teacher["id"]: teacher for teacher in islice(turns, size)}.values())


def _enrol(scene: Scene, students: Sequence[Object], sections: Sequence[Object], average: float) -> None:
    """Puts each student into about `average` different sections of the given ones, and a few into none."""
    lists = [section["students"] for section in sections]
    mean = average / (1 - IDLE)
    for student in students:
        idle = scene.rng.random() < IDLE
        wanted = 0 if idle else int(mean - 0.5 + 2 * scene.rng.random())
        for chosen in scene.rng.sample(lists, min(wanted, len(lists))):
            chosen.append(student["id"])
