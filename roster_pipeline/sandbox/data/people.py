"""Make invented users of each role as raw Clever objects.

The objects have a birth date, gender, race, language, address and `ext`, because Clever sends them. The product stores
none of these fields.
"""

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.names import ascii_letters, draw_name
from roster_pipeline.sandbox.data.scene import Scene
from roster_pipeline.sandbox.data.schools import GRADES

WITHOUT_EMAIL = {"Kindergarten": 0.9, "1": 0.85, "2": 0.7, "3": 0.4, "4": 0.3, "5": 0.2}
"""The share of students without an email address, by grade. Higher grades have `OLDER_WITHOUT_EMAIL`."""
OLDER_WITHOUT_EMAIL = 0.04
RACES = (
    "Caucasian",
    "Asian",
    "Black or African American",
    "American Indian",
    "Two or More Races",
    "Unknown",
    "",
)
HOME_LANGUAGES = (
    "English",
    "Spanish",
    "Vietnamese",
    "Arabic",
    "Hawaiian",
    "Chinese",
    "Ukrainian",
    "Haitian Creole",
)
KINDERGARTEN_BIRTH_YEAR = 2021


def make_student(scene: Scene, number: int, school: Object, grade: str) -> Object:
    """Make a student of one school. `number` is unique in the district."""
    rng, name = scene.rng, draw_name(scene.rng)
    user_name = f"{ascii_letters(name['first'])[:1]}{ascii_letters(name['last'])[:12] or 's'}{number}"
    student = {
        "school": school["id"],
        "schools": [school["id"]],
        "grade": grade,
        "sis_id": str(number),
        "student_number": str(number),
        "state_id": str(7_000_000_000 + number),
        "dob": f"{rng.randint(1, 12)}/{rng.randint(1, 28)}/{KINDERGARTEN_BIRTH_YEAR - GRADES.index(grade)}",
        "gender": rng.choice("MFX"),
        "race": rng.choice(RACES),
        "hispanic_ethnicity": rng.choice("YN"),
        "location": school.get("location", {}),
        "credentials": {"district_username": user_name},
        "enrollments": [],
        "ext": {"bus_route": str(rng.randint(1, 40))},
        "graduation_year": "",
        "home_language": rng.choice(HOME_LANGUAGES),
        "frl_status": rng.choice(("Free", "Reduced", "Paid", "")),
        "iep_status": rng.choice("YN"),
    }
    user = {**scene.stamped(), "name": name, "roles": {"student": student}}
    student["legacy_id"] = user["id"]
    if rng.random() >= WITHOUT_EMAIL.get(grade, OLDER_WITHOUT_EMAIL):
        user["email"] = f"{user_name}@students.{scene.domain}"
    return user


def make_employee(scene: Scene, number: int) -> Object:
    """Make a user with an email address of the district, and without a role.

    `number` is unique among the employees of the district.
    """
    name = draw_name(scene.rng)
    letters = ascii_letters(name["first"])[:1] + ascii_letters(name["last"])[:14]
    return {
        **scene.stamped(),
        "name": name,
        "email": f"{letters or 'employee'}{number}@{scene.domain}",
        "roles": {},
    }


def teacher_role(number: int, schools: list[str]) -> Object:
    """Make the role of a teacher. The first school is the primary one."""
    return {
        "school": schools[0],
        "schools": schools,
        "sis_id": f"T{number}",
        "teacher_number": str(number),
        "title": "Teacher",
        "credentials": {"district_username": f"t{number}"},
        "legacy_id": f"{number:024x}",
    }


def staff_role(number: int, schools: list[str]) -> Object:
    """Make the role of a staff member of schools."""
    return {
        "schools": schools,
        "staff_id": f"S{number}",
        "title": ("Assistant Principal", "Counselor", "Librarian", "Registrar")[number % 4],
        "department": "",
        "roles": ["SchoolTechLead"] if number % 11 == 0 else [],
        "legacy_id": f"{number:024x}",
    }


def make_contact(scene: Scene, number: int, students: list[str]) -> Object:
    """Make a parent or guardian. The field `last` has the whole name (docs/clever-api.md#records)."""
    name = draw_name(scene.rng)
    relationships = [{"student": key, "relationship": "Parent", "type": "Parent/Guardian"} for key in students]
    contact = {
        "sis_id": f"C{number}",
        "phone": f"555-{number % 10_000:04d}",
        "phone_type": ("Cell", "Home", "Work", "Other")[number % 4],
        "student_relationships": relationships,
    }
    user = {
        **scene.stamped(),
        "name": {"last": f"{name['first']} {name['last']}"},
        "roles": {"contact": contact},
    }
    if number % 3:
        user["email"] = f"family{number}@mail.example.net"
    return user
