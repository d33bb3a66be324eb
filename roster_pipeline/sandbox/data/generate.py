"""Whole invented districts from a size and a seed.

Single objects are made elsewhere; what makes them odd is `oddities`.

The same specification and seed give the same district on every machine: no clock, no other source of chance.
"""

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import cycle
from random import Random

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data import oddities
from roster_pipeline.sandbox.data.clever_values import EPOCH, ObjectIds, clever_time
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.enrollment import add_classes, share_out
from roster_pipeline.sandbox.data.people import make_contact, make_employee, make_student, staff_role, teacher_role
from roster_pipeline.sandbox.data.scene import Roster, Scene
from roster_pipeline.sandbox.data.school_day import school_days
from roster_pipeline.sandbox.data.schools import GRADES, grades_of, make_school

FOUNDED = timedelta(days=90)
"""How long before the epoch the district began to share; the times in its ids and records."""
FIRST_STUDENT = 100_000
"""The lowest student number, so that all have six digits."""


@dataclass(frozen=True)
class DistrictSpec:
    """The size of a district; counts are exact, enrolments an average.

    Attributes:
        name: what the district is called; ids and addresses are drawn from it too.
        enrolments_per_student: sections of one student, on average.
        staff, admins, contacts: people beside students and teachers.
        epoch: the district's calendar on day 0, from which ids are made.
        shown: the time that records show on day 0; None: the same.
    """

    name: str
    schools: int
    students: int
    teachers: int
    sections: int
    enrolments_per_student: float = 6.0
    staff: int = 0
    admins: int = 1
    contacts: int = 0
    epoch: datetime = EPOCH
    shown: datetime | None = None


SMALL_TOWN = DistrictSpec("Hollow Creek Town Schools", 3, 600, 42, 150, 6.0, staff=9, admins=2, contacts=120)
CITY = DistrictSpec("Ciudad Mirador Unified", 20, 10_000, 600, 2_000, 5.0, staff=80, admins=6, contacts=1_500)


def default_districts(seed: int = 20261122, days: int = 0, today: datetime | None = None) -> list[SandboxDistrict]:
    """A small town and a mid-size city, `days` school days after their first.

    Args:
        today: the time of the last of these days; None: days begin at the epoch. People and ids are the same.
    """
    shown = today and today - timedelta(days=days)
    districts = [generate_district(replace(spec, shown=shown), seed) for spec in (SMALL_TOWN, CITY)]
    for district in districts:
        school_days(district, days)
    return districts


def generate_district(spec: DistrictSpec, seed: int) -> SandboxDistrict:
    """An invented district of this size, with an empty event feed."""
    roster = Roster(_scene(spec, seed))
    roster.schools = [make_school(roster.scene, number, spec.schools) for number in range(spec.schools)]
    _add_students(roster, spec)
    _add_teachers(roster, spec)
    _add_offices(roster, spec)
    _add_contacts(roster, spec)
    add_classes(roster, spec.sections, spec.enrolments_per_student)
    oddities.apply(roster.scene, roster.schools, roster.students, roster.teachers, roster.sections)
    return SandboxDistrict(
        _district_record(spec, roster.scene),
        {
            "schools": roster.schools,
            "users": [*roster.teachers, *roster.others, *roster.students],
            "sections": roster.sections,
            "terms": roster.terms,
            "courses": roster.courses,
        },
        seed=seed,
        now=spec.epoch,
        shown=spec.shown,
        ids=roster.scene.ids,
    )


def _scene(spec: DistrictSpec, seed: int) -> Scene:
    rng = Random(f"{seed}/{spec.name}")  # noqa: S311 - invented people
    ids = ObjectIds(rng.randbytes(5).hex())
    founded = spec.epoch - FOUNDED
    label = "".join(letter for letter in spec.name.lower() if letter.isascii() and letter.isalnum())
    shown = spec.shown and spec.shown - FOUNDED
    return Scene(ids.at(founded), f"{label or 'district'}.example", rng, ids, founded, shown)


def _district_record(spec: DistrictSpec, scene: Scene) -> Object:
    return {
        "id": scene.district,
        "name": spec.name,
        "state": "running",
        "error": "",
        "sis_type": "sftp",
        "launch_date": f"{scene.shown or scene.moment:%Y-%m-%d}",
        "last_sync": clever_time(spec.shown or spec.epoch),
        "login_methods": ["Clever Passwords"],
        "portal_url": f"https://portal.{scene.domain}/",
        "district_contact": {
            "id": scene.new_id(),
            "district": scene.district,
            "name": {"first": "Roster", "last": "Desk"},
            "title": "Data Steward",
            "email": f"roster@{scene.domain}",
        },
    }


def _add_students(roster: Roster, spec: DistrictSpec) -> None:
    """As many students in each grade, and as many of a grade in each school that teaches it."""
    homes = {grade: [each for each in roster.schools if grade in grades_of(each)] for grade in GRADES}
    for number in range(spec.students):
        grade = GRADES[number % len(GRADES)]
        school = homes[grade][number // len(GRADES) % len(homes[grade])]
        roster.students.append(make_student(roster.scene, FIRST_STUDENT + number, school, grade))


def _add_teachers(roster: Roster, spec: DistrictSpec) -> None:
    for number, school in enumerate(_by_size(roster, spec.teachers)):
        teacher = make_employee(roster.scene, number)
        teacher["roles"]["teacher"] = teacher_role(number, [school["id"]])
        roster.teachers.append(teacher)


def _add_offices(roster: Roster, spec: DistrictSpec) -> None:
    """Staff of the schools in turn, then district administrators."""
    for number, school in zip(range(spec.staff), cycle(roster.schools), strict=False):
        member = make_employee(roster.scene, spec.teachers + number)
        member["roles"]["staff"] = staff_role(number, [school["id"]])
        roster.others.append(member)
    for number in range(spec.admins):
        admin = make_employee(roster.scene, spec.teachers + spec.staff + number)
        admin["roles"]["district_admin"] = {"title": "Administrator", "legacy_id": f"{number:024x}"}
        roster.others.append(admin)


def _by_size(roster: Roster, total: int) -> list[Object]:
    """Schools for `total` teachers, each as often as its share of the students has it."""
    counts: dict[str, int] = defaultdict(int)
    for student in roster.students:
        counts[student["roles"]["student"]["school"]] += 1
    shares = share_out(total, [counts[school["id"]] for school in roster.schools])
    return [school for school, share in zip(roster.schools, shares, strict=True) for _ in range(share)]


def _add_contacts(roster: Roster, spec: DistrictSpec) -> None:
    """One contact for one student; every tenth of them is a second child's too."""
    for number in range(min(spec.contacts, len(roster.students))):
        own = roster.students[number]["id"]
        sibling = [roster.students[-1 - number]["id"]] if number % 10 == 9 else []
        roster.others.append(make_contact(roster.scene, number, [own, *sibling]))
