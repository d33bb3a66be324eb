"""Which records belong to a record: the paths below `/{list}/{id}` (Clever's specification).

No paging and no HTTP answers.
"""

from collections.abc import Callable, Iterable, Mapping

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.district import SandboxDistrict

ROLES = ("contact", "district_admin", "staff", "student", "teacher")
Finder = Callable[[SandboxDistrict, Object, QueryParams], Iterable[str]]


def read_role(query: QueryParams, allowed: tuple[str, ...] = ROLES) -> str | None:
    """The value of `role`, one at a time.

    Raises:
        HTTPException: 400 for a role that this list does not know.
    """
    role = query.get("role") or None
    if role is not None and role not in allowed:
        raise HTTPException(400, "Invalid role")
    return role


def users_of_role(district: SandboxDistrict, role: str | None) -> list[str]:
    """Ascending user ids; a person of several roles is in the list of each."""
    users = district.resources["users"]
    return users.ids() if role is None else users.subset(role, lambda user: role in user["roles"])


def related(
    district: SandboxDistrict, resource: str, item: Object, name: str, query: QueryParams
) -> tuple[str, list[str]] | None:
    """The list that `/{resource}/{id}/{name}` is about and the ascending ids in it;

    None for an unknown path.
    """
    found = RELATIONS.get((resource, name.lower()))
    if found is None:
        return None
    target, finder = found
    return target, sorted(set(finder(district, item, query)) & district.resources[target].keys())


def single(resource: str, name: str) -> tuple[str, str] | None:
    """The list and the field behind a path that leads to one record, such as a section's school."""
    return SINGLES.get((resource, name))


def role_schools(user: Object, role: str | None, *, primary: bool) -> set[str]:
    """The ids of the user's schools in one role, or in all of them."""
    parts = [part for name, part in user["roles"].items() if role in (None, name)]
    if primary:
        return {part["school"] for part in parts if part.get("school")}
    return {school for part in parts for school in part.get("schools", ())}


def _sections_where(district: SandboxDistrict, field: str, value: str) -> list[Object]:
    return [section for section in district.resources["sections"].values() if section.get(field) == value]


def _sections_of_user(district: SandboxDistrict, user: Object) -> list[Object]:
    key = user["id"]
    sections = district.resources["sections"].values()
    return [each for each in sections if key in each.get("students", ()) or key in each.get("teachers", ())]


def _school_users(district: SandboxDistrict, school: Object, query: QueryParams) -> Iterable[str]:
    role = read_role(query, ("staff", "student", "teacher"))
    primary = query.get("primary") == "true"
    users = district.resources["users"]
    ids = users_of_role(district, role)
    return (key for key in ids if school["id"] in role_schools(users[key], role, primary=primary))


def _user_schools(_district: SandboxDistrict, user: Object, query: QueryParams) -> Iterable[str]:
    return role_schools(user, None, primary=query.get("primary") == "true")


def _user_sections(district: SandboxDistrict, user: Object, _query: QueryParams) -> Iterable[str]:
    return (section["id"] for section in _sections_of_user(district, user))


def _my_students(district: SandboxDistrict, user: Object, _query: QueryParams) -> Iterable[str]:
    taught = [each for each in _sections_of_user(district, user) if user["id"] in each.get("teachers", ())]
    kin = user["roles"].get("contact", {}).get("student_relationships", ())
    return [key for each in taught for key in each["students"]] + [each["student"] for each in kin]


def _my_teachers(district: SandboxDistrict, user: Object, _query: QueryParams) -> Iterable[str]:
    attended = [each for each in _sections_of_user(district, user) if user["id"] in each.get("students", ())]
    return (key for section in attended for key in section.get("teachers", ()))


def _my_contacts(district: SandboxDistrict, user: Object, _query: QueryParams) -> Iterable[str]:
    users = district.resources["users"]
    for key in users_of_role(district, "contact"):
        kin: Iterable[Mapping[str, str]] = users[key]["roles"]["contact"].get("student_relationships", ())
        if any(each["student"] == user["id"] for each in kin):
            yield key


def _section_users(_district: SandboxDistrict, section: Object, query: QueryParams) -> Iterable[str]:
    role = read_role(query, ("student", "teacher"))
    students = [] if role == "teacher" else section.get("students", [])
    return [*students, *([] if role == "student" else section.get("teachers", []))]


def _by_section(own_field: str, wanted_field: str) -> Finder:
    """Finds what the sections that name a record in `own_field` name in `wanted_field`."""

    def find(district: SandboxDistrict, item: Object, _query: QueryParams) -> Iterable[str]:
        sections = _sections_where(district, own_field, item["id"])
        return (section[wanted_field] for section in sections if section.get(wanted_field))

    return find


RELATIONS: dict[tuple[str, str], tuple[str, Finder]] = {
    ("schools", "users"): ("users", _school_users),
    ("schools", "sections"): ("sections", _by_section("school", "id")),
    ("schools", "terms"): ("terms", _by_section("school", "term_id")),
    ("schools", "courses"): ("courses", _by_section("school", "course")),
    ("users", "schools"): ("schools", _user_schools),
    ("users", "sections"): ("sections", _user_sections),
    ("users", "mystudents"): ("users", _my_students),
    ("users", "myteachers"): ("users", _my_teachers),
    ("users", "mycontacts"): ("users", _my_contacts),
    ("sections", "users"): ("users", _section_users),
    ("terms", "schools"): ("schools", _by_section("term_id", "school")),
    ("terms", "sections"): ("sections", _by_section("term_id", "id")),
    ("courses", "schools"): ("schools", _by_section("course", "school")),
    ("courses", "sections"): ("sections", _by_section("course", "id")),
}

SINGLES: dict[tuple[str, str], tuple[str, str]] = {
    ("sections", "school"): ("schools", "school"),
    ("sections", "course"): ("courses", "course"),
    ("sections", "term"): ("terms", "term_id"),
    **{(name, "district"): ("districts", "district") for name in ("schools", "users", "sections", "terms", "courses")},
}
