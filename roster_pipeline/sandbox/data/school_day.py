"""Change a district as one school day does.

The changes depend only on the seed, the district and the day. The district records an event for each change.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.api.relations import list_users_of_role
from roster_pipeline.sandbox.data.clever_values import clever_time
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.people import make_student
from roster_pipeline.sandbox.data.scene import Scene
from roster_pipeline.sandbox.data.schools import grades_of

SECTIONS_OF_NEW_STUDENT = 5
"""The number of sections that a student joins in a new school, if the school has so many."""
NEW_STUDENTS_DOMAIN = "newcomers.example"
FIRST_NEW_STUDENT = 600_000
"""The lowest number of the students that school days add. Each day has 1,000 numbers."""


@dataclass(frozen=True)
class DayChanges:
    """The numbers of the changes of one day, by kind."""

    new_students: int
    leavers: int
    transfers: int
    email_changes: int
    renamed_sections: int
    teacher_changes: int
    new_co_teachers: int


def school_day(district: SandboxDistrict, day: int, seed: int, latest: datetime | None = None) -> DayChanges:
    """Advance a district by one school day.

    Args:
        district: the district.
        day: the number of the day, from 1 on.
        seed: the seed of the changes.
        latest: the latest time that the events may have.
    """
    rng = Random(f"{seed}/{district.id}/{day}")  # noqa: S311 - invented people
    district.start_day(latest)
    record = district.get("districts", district.id)
    district.put("districts", record | {"last_sync": clever_time(district.shown)})
    return _Day(district, rng, day).changes()


def school_days(district: SandboxDistrict, count: int) -> None:
    """Advance a district by a number of school days."""
    for _ in range(count):
        school_day(district, district.day + 1, district.seed)


class _Day:
    """One day of one district. Each method makes changes of one kind and returns their number."""

    def __init__(self, district: SandboxDistrict, rng: Random, day: int) -> None:
        self.district = district
        self.rng = rng
        self.day = day
        self.schools = list(district.resources["schools"].values())
        self.classes: dict[str, list[str]] = defaultdict(list)
        for section in district.resources["sections"].values():
            self.classes[section.get("school", "")].append(section["id"])

    def changes(self) -> DayChanges:
        """Make all changes of the day."""
        students = list(list_users_of_role(self.district, "student"))
        few = len(students) // 2000 + 1 if students else 0
        leavers, transfers, email_changes = self._groups(students, few, few, 2 * few)
        sections = [*self.district.resources["sections"]]
        renames, teacher_changes, new_co_teachers = self._groups(sections, few, few, few)
        return DayChanges(
            leavers=self._remove_students(leavers),
            transfers=self._transfer_students(transfers),
            email_changes=self._change_emails(email_changes),
            new_students=self._add_students(2 * few),
            renamed_sections=self._rename_sections(renames),
            teacher_changes=self._change_teacher(teacher_changes),
            new_co_teachers=self._add_co_teacher(new_co_teachers),
        )

    def _groups(self, ids: Sequence[str], *sizes: int) -> list[list[str]]:
        """Draw groups of the given sizes that share no id. Groups are smaller if there are too few ids."""
        drawn = iter(self.rng.sample(ids, min(len(ids), sum(sizes))))
        return [[key for _, key in zip(range(size), drawn, strict=False)] for size in sizes]

    def _remove_students(self, students: list[str]) -> int:
        """Remove students from the district."""
        self._remove_from_sections(students)
        for key in students:
            self.district.remove("users", key)
        return len(students)

    def _transfer_students(self, students: list[str]) -> int:
        """Move students to another school, preferably one with their grade. A district of one school has none."""
        if len(self.schools) < 2:
            return 0
        self._remove_from_sections(students)
        for key in students:
            role = self.district.get("users", key)["roles"]["student"]
            other_schools = [school for school in self.schools if school["id"] != role.get("school")]
            same_grade = [school for school in other_schools if role.get("grade") in grades_of(school)]
            school = self.rng.choice(same_grade or other_schools)["id"]
            self._put_user(key, {"roles": {"student": role | {"school": school, "schools": [school]}}})
            self._join_classes(key, school, role.get("grade"))
        return len(students)

    def _change_emails(self, students: list[str]) -> int:
        """Give students a new email address."""
        for key in students:
            self._put_user(key, {"email": f"{key[-6:]}.day{self.day}@students.example.org"})
        return len(students)

    def _add_students(self, count: int) -> int:
        """Add new students, and put them into sections."""
        if not self.schools:
            return 0
        here = self.district
        scene = Scene(here.id, NEW_STUDENTS_DOMAIN, self.rng, here.ids, here.now, here.shown)
        for number in range(count):
            school = self.rng.choice(self.schools)
            grade = self.rng.choice(grades_of(school))
            student = make_student(scene, FIRST_NEW_STUDENT + 1000 * self.day + number, school, grade)
            self.district.put("users", student)
            self._join_classes(student["id"], school["id"], grade)
        return count

    def _rename_sections(self, sections: list[str]) -> int:
        """Add a room to the names of sections."""
        for key in sections:
            name = self.district.get("sections", key).get("name", "")
            self._put_section(key, {"name": f"{name} (Room {self.rng.randint(100, 399)})"})
        return len(sections)

    def _change_teacher(self, sections: list[str]) -> int:
        """Replace the primary teacher of sections."""
        return sum(self._assign_teacher(key, keep_primary=False) for key in sections)

    def _add_co_teacher(self, sections: list[str]) -> int:
        """Add a teacher to sections."""
        return sum(self._assign_teacher(key, keep_primary=True) for key in sections)

    def _assign_teacher(self, key: str, *, keep_primary: bool) -> bool:
        """Add another teacher of the school to a section, or replace its primary teacher.

        Returns:
            Whether the school has another teacher.
        """
        section = self.district.get("sections", key)
        before = section.get("teachers", [])
        candidates = [each for each in self._teachers_of_school(section.get("school")) if each not in before]
        if not candidates:
            return False
        teacher = self.rng.choice(candidates)
        team = [*before, teacher] if keep_primary and before else [teacher, *before[1:]]
        self._put_section(key, {"teacher": team[0], "teachers": team})
        return True

    def _teachers_of_school(self, school: str | None) -> list[str]:
        """Return the ids of the teachers of a school."""
        users = self.district.resources["users"]
        teachers = list_users_of_role(self.district, "teacher")
        return [key for key in teachers if school in users[key]["roles"]["teacher"].get("schools", ())]

    def _join_classes(self, student: str, school: str, grade: str | None) -> None:
        """Put a student into sections of a school, all with the grade of the student."""
        sections = self.district.resources["sections"]
        choices = [key for key in self.classes[school] if sections[key].get("grade") == grade]
        for key in self.rng.sample(choices, min(SECTIONS_OF_NEW_STUDENT, len(choices))):
            self._put_section(key, {"students": [*sections[key]["students"], student]})

    def _remove_from_sections(self, students: list[str]) -> None:
        """Remove students from all sections."""
        removed = frozenset(students)
        for key, section in list(self.district.resources["sections"].items()):
            if not removed.isdisjoint(section["students"]):
                self._put_section(key, {"students": [each for each in section["students"] if each not in removed]})

    def _put_section(self, key: str, changed: Object) -> None:
        self.district.put("sections", self.district.get("sections", key) | changed)

    def _put_user(self, key: str, changed: Object) -> None:
        self.district.put("users", self.district.get("users", key) | changed)
