"""What one school day changes in a district.

Drawn from seed, district and day alone, so a day can be had again.

Every change goes through the district, which records its event.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.api.relations import users_of_role
from roster_pipeline.sandbox.data.clever_values import clever_time
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.people import make_student
from roster_pipeline.sandbox.data.scene import Scene
from roster_pipeline.sandbox.data.schools import grades_of

CLASSES_OF_A_NEWCOMER = 5
"""How many sections a student joins in a new school, where there are so many."""
NEWCOMERS_DOMAIN = "newcomers.example"
FIRST_NEWCOMER = 600_000
"""The lowest number of students who come later; 1,000 are set aside for each day."""


@dataclass(frozen=True)
class DayChanges:
    """How many of each change one day brought."""

    new_students: int
    leavers: int
    transfers: int
    email_changes: int
    renamed_sections: int
    teacher_changes: int
    new_co_teachers: int


def school_day(district: SandboxDistrict, day: int, seed: int, latest: datetime | None = None) -> DayChanges:
    """Lets school day number `day` (from 1 on) go by: time moves on, not beyond `latest`, and events are recorded."""
    rng = Random(f"{seed}/{district.id}/{day}")  # noqa: S311 - invented people
    district.start_day(latest)
    record = district.get("districts", district.id)
    district.put("districts", record | {"last_sync": clever_time(district.shown)})
    return _Day(district, rng, day).changes()


def school_days(district: SandboxDistrict, count: int) -> None:
    """Lets so many more school days go by."""
    for _ in range(count):
        school_day(district, district.day + 1, district.seed)


class _Day:
    """One day of one district; each method makes some changes of one kind and returns how many."""

    def __init__(self, district: SandboxDistrict, rng: Random, day: int) -> None:
        self.district = district
        self.rng = rng
        self.day = day
        self.schools = list(district.resources["schools"].values())
        self.classes: dict[str, list[str]] = defaultdict(list)
        for section in district.resources["sections"].values():
            self.classes[section.get("school", "")].append(section["id"])

    def changes(self) -> DayChanges:
        students = list(users_of_role(self.district, "student"))
        few = len(students) // 2000 + 1 if students else 0
        leaving, moving, readdressed = self._groups(students, few, few, 2 * few)
        sections = [*self.district.resources["sections"]]
        renamed, handed_over, joined = self._groups(sections, few, few, few)
        return DayChanges(
            leavers=self._leave(leaving),
            transfers=self._transfer(moving),
            email_changes=self._readdress(readdressed),
            new_students=self._arrive(2 * few),
            renamed_sections=self._rename(renamed),
            teacher_changes=self._change_teacher(handed_over),
            new_co_teachers=self._add_co_teacher(joined),
        )

    def _groups(self, ids: Sequence[str], *sizes: int) -> list[list[str]]:
        """Groups that have nobody in common, as large as they can be."""
        drawn = iter(self.rng.sample(ids, min(len(ids), sum(sizes))))
        return [[key for _, key in zip(range(size), drawn, strict=False)] for size in sizes]

    def _leave(self, students: list[str]) -> int:
        self._take_out(students)
        for key in students:
            self.district.remove("users", key)
        return len(students)

    def _transfer(self, students: list[str]) -> int:
        """To another school that teaches the student's grade; nobody moves in a district of one school."""
        if len(self.schools) < 2:
            return 0
        self._take_out(students)
        for key in students:
            role = self.district.get("users", key)["roles"]["student"]
            others = [school for school in self.schools if school["id"] != role.get("school")]
            fitting = [school for school in others if role.get("grade") in grades_of(school)]
            school = self.rng.choice(fitting or others)["id"]
            self._put_user(key, {"roles": {"student": role | {"school": school, "schools": [school]}}})
            self._join_classes(key, school, role.get("grade"))
        return len(students)

    def _readdress(self, students: list[str]) -> int:
        for key in students:
            self._put_user(key, {"email": f"{key[-6:]}.day{self.day}@students.example.org"})
        return len(students)

    def _arrive(self, count: int) -> int:
        if not self.schools:
            return 0
        here = self.district
        scene = Scene(here.id, NEWCOMERS_DOMAIN, self.rng, here.ids, here.now, here.shown)
        for number in range(count):
            school = self.rng.choice(self.schools)
            grade = self.rng.choice(grades_of(school))
            student = make_student(scene, FIRST_NEWCOMER + 1000 * self.day + number, school, grade)
            self.district.put("users", student)
            self._join_classes(student["id"], school["id"], grade)
        return count

    def _rename(self, sections: list[str]) -> int:
        for key in sections:
            name = self.district.get("sections", key).get("name", "")
            self._put_section(key, {"name": f"{name} (Room {self.rng.randint(100, 399)})"})
        return len(sections)

    def _change_teacher(self, sections: list[str]) -> int:
        return sum(self._bring_teacher(key, stays=False) for key in sections)

    def _add_co_teacher(self, sections: list[str]) -> int:
        return sum(self._bring_teacher(key, stays=True) for key in sections)

    def _bring_teacher(self, key: str, *, stays: bool) -> bool:
        """A further teacher of the school comes, instead of the primary one or beside;

        False where there is none.
        """
        section = self.district.get("sections", key)
        before = section.get("teachers", [])
        free = [each for each in self._staff_room(section.get("school")) if each not in before]
        if not free:
            return False
        newcomer = self.rng.choice(free)
        team = [*before, newcomer] if stays and before else [newcomer, *before[1:]]
        self._put_section(key, {"teacher": team[0], "teachers": team})
        return True

    def _staff_room(self, school: str | None) -> list[str]:
        users = self.district.resources["users"]
        teachers = users_of_role(self.district, "teacher")
        return [key for key in teachers if school in users[key]["roles"]["teacher"].get("schools", ())]

    def _join_classes(self, student: str, school: str, grade: str | None) -> None:
        sections = self.district.resources["sections"]
        fitting = [key for key in self.classes[school] if sections[key].get("grade") == grade]
        for key in self.rng.sample(fitting, min(CLASSES_OF_A_NEWCOMER, len(fitting))):
            self._put_section(key, {"students": [*sections[key]["students"], student]})

    def _take_out(self, students: list[str]) -> None:
        """Out of every section."""
        gone = frozenset(students)
        for key, section in list(self.district.resources["sections"].items()):
            if not gone.isdisjoint(section["students"]):
                self._put_section(key, {"students": [each for each in section["students"] if each not in gone]})

    def _put_section(self, key: str, changed: Object) -> None:
        self.district.put("sections", self.district.get("sections", key) | changed)

    def _put_user(self, key: str, changed: Object) -> None:
        self.district.put("users", self.district.get("users", key) | changed)
