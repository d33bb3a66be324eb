"""Generate invented districts from a size and a seed.

The same size and seed give the same district on every machine. No function reads a clock or another source of chance.
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
"""How long before the epoch the objects of a district were created."""
FIRST_STUDENT = 100_000
"""The lowest student number. All student numbers have six digits."""


@dataclass(frozen=True)
class DistrictSpec:
    """The size of a district. The counts are exact.

    Attributes:
        name: the name of the district. Ids and email addresses depend on it.
        enrolments_per_student: the average number of sections of a student.
        staff, admins, contacts: the numbers of other people.
        epoch: the time of the district's calendar on day 0, from which ids are made.
        shown: the time that records have on day 0; None: the epoch.
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

VILLAGE = DistrictSpec("Teachers of Clever Library", 1, 40, 4, 10, 3.0)


def default_districts(seed: int = 20261122, days: int = 0, today: datetime | None = None) -> list[SandboxDistrict]:
    """Generate a small town and a mid-size city.

    Args:
        seed: the seed of both districts.
        days: the number of school days that have passed.
        today: the time of the last of these days; None: days begin at the epoch. People and ids do not depend on it.
    """
    shown = today and today - timedelta(days=days)
    districts = [generate_district(replace(spec, shown=shown), seed) for spec in (SMALL_TOWN, CITY)]
    for district in districts:
        school_days(district, days)
    return districts


def free_teachers(seed: int = 20261122, days: int = 0, today: datetime | None = None) -> SandboxDistrict:
    """Generate a few teachers with their classes, whose district is not connected. They come through Clever Library.

    The arguments are those of `default_districts`.
    """
    district = generate_district(replace(VILLAGE, shown=today and today - timedelta(days=days)), seed)
    school_days(district, days)
    district.connected = False
    return district


def generate_district(spec: DistrictSpec, seed: int) -> SandboxDistrict:
    """Generate a district of a size, without events."""
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
    """Return the scene of a new district."""
    rng = Random(f"{seed}/{spec.name}")  # noqa: S311 - invented people
    ids = ObjectIds(rng.randbytes(5).hex())
    founded = spec.epoch - FOUNDED
    label = "".join(letter for letter in spec.name.lower() if letter.isascii() and letter.isalnum())
    shown = spec.shown and spec.shown - FOUNDED
    return Scene(ids.at(founded), f"{label or 'district'}.example", rng, ids, founded, shown)


def _district_record(spec: DistrictSpec, scene: Scene) -> Object:
    """Return the object of the district itself."""
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
    """Add students, spread evenly over the grades and over the schools of each grade."""
    schools_of_grade = {grade: [each for each in roster.schools if grade in grades_of(each)] for grade in GRADES}
    for number in range(spec.students):
        grade = GRADES[number % len(GRADES)]
        choices = schools_of_grade[grade]
        school = choices[number // len(GRADES) % len(choices)]
        roster.students.append(make_student(roster.scene, FIRST_STUDENT + number, school, grade))


def _add_teachers(roster: Roster, spec: DistrictSpec) -> None:
    """Add teachers to the schools in proportion to their students."""
    for number, school in enumerate(_schools_by_size(roster, spec.teachers)):
        teacher = make_employee(roster.scene, number)
        teacher["roles"]["teacher"] = teacher_role(number, [school["id"]])
        roster.teachers.append(teacher)


def _add_offices(roster: Roster, spec: DistrictSpec) -> None:
    """Add staff to the schools in turn, and then district administrators."""
    for number, school in zip(range(spec.staff), cycle(roster.schools), strict=False):
        member = make_employee(roster.scene, spec.teachers + number)
        member["roles"]["staff"] = staff_role(number, [school["id"]])
        roster.others.append(member)
    for number in range(spec.admins):
        admin = make_employee(roster.scene, spec.teachers + spec.staff + number)
        admin["roles"]["district_admin"] = {"title": "Administrator", "legacy_id": f"{number:024x}"}
        roster.others.append(admin)


def _schools_by_size(roster: Roster, total: int) -> list[Object]:
    """Return schools, each of them repeated in proportion to its students, `total` in all."""
    counts: dict[str, int] = defaultdict(int)
    for student in roster.students:
        counts[student["roles"]["student"]["school"]] += 1
    shares = share_out(total, [counts[school["id"]] for school in roster.schools])
    return [school for school, share in zip(roster.schools, shares, strict=True) for _ in range(share)]


def _add_contacts(roster: Roster, spec: DistrictSpec) -> None:
    """Add a contact for each of the first students. Every tenth contact has a second student."""
    for number in range(min(spec.contacts, len(roster.students))):
        own = roster.students[number]["id"]
        sibling = [roster.students[-1 - number]["id"]] if number % 10 == 9 else []
        roster.others.append(make_contact(roster.scene, number, [own, *sibling]))
