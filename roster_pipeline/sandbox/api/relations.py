"""Finds the records that are related to a record, for the paths `/{list}/{id}/{relation}`."""

from collections.abc import Callable, Iterable, Mapping

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.district import SandboxDistrict

ROLES = ("contact", "district_admin", "staff", "student", "teacher")
Finder = Callable[[SandboxDistrict, Object, QueryParams], Iterable[str]]


def read_role(query: QueryParams, allowed: tuple[str, ...] = ROLES) -> str | None:
    """Return the value of the parameter `role`.

    Raises:
        HTTPException: 400 for a role that is not allowed here.
    """
    role = query.get("role") or None
    if role is not None and role not in allowed:
        raise HTTPException(400, "Invalid role")
    return role


def list_users_of_role(district: SandboxDistrict, role: str | None) -> list[str]:
    """Return the sorted ids of the users who have a role. None returns all users."""
    users = district.resources["users"]
    return users.ids() if role is None else users.subset(role, lambda user: role in user["roles"])


def find_related(
    district: SandboxDistrict, resource: str, item: Object, name: str, query: QueryParams
) -> tuple[str, list[str]] | None:
    """Return the list that `/{resource}/{id}/{name}` reads from, and the sorted ids of the related records.

    Returns:
        None if the API has no such path.
    """
    relation = RELATIONS.get((resource, name.lower()))
    if relation is None:
        return None
    target, finder = relation
    return target, sorted(set(finder(district, item, query)) & district.resources[target].keys())


def find_single_relation(resource: str, name: str) -> tuple[str, str] | None:
    """Return the list and the field of a path to one related record, such as the school of a section."""
    return SINGLES.get((resource, name))


def list_role_schools(user: Object, role: str | None, *, primary: bool) -> set[str]:
    """Return the ids of the schools that a user has in one role, or in all roles."""
    parts = [part for name, part in user["roles"].items() if role in (None, name)]
    if primary:
        return {part["school"] for part in parts if part.get("school")}
    return {school for part in parts for school in part.get("schools", ())}


def _sections_where(district: SandboxDistrict, field: str, value: str) -> list[Object]:
    """Return the sections that have a value in a field."""
    return [section for section in district.resources["sections"].values() if section.get(field) == value]


def _sections_of_user(district: SandboxDistrict, user: Object) -> list[Object]:
    """Return the sections that a user teaches or attends."""
    key = user["id"]
    sections = district.resources["sections"].values()
    return [each for each in sections if key in each.get("students", ()) or key in each.get("teachers", ())]


def _school_users(district: SandboxDistrict, school: Object, query: QueryParams) -> Iterable[str]:
    """Return the ids of the users of a school, with parameters `role` and `primary`."""
    role = read_role(query, ("staff", "student", "teacher"))
    primary = query.get("primary") == "true"
    users = district.resources["users"]
    ids = list_users_of_role(district, role)
    return (key for key in ids if school["id"] in list_role_schools(users[key], role, primary=primary))


def _user_schools(_district: SandboxDistrict, user: Object, query: QueryParams) -> Iterable[str]:
    """Return the ids of the schools of a user, with parameter `primary`."""
    return list_role_schools(user, None, primary=query.get("primary") == "true")


def _user_sections(district: SandboxDistrict, user: Object, _query: QueryParams) -> Iterable[str]:
    """Return the ids of the sections that a user teaches or attends."""
    return (section["id"] for section in _sections_of_user(district, user))


def _my_students(district: SandboxDistrict, user: Object, _query: QueryParams) -> Iterable[str]:
    """Return the ids of the students whom a teacher teaches or to whom a contact is related."""
    taught = [each for each in _sections_of_user(district, user) if user["id"] in each.get("teachers", ())]
    relationships = user["roles"].get("contact", {}).get("student_relationships", ())
    return [key for each in taught for key in each["students"]] + [each["student"] for each in relationships]


def _my_teachers(district: SandboxDistrict, user: Object, _query: QueryParams) -> Iterable[str]:
    """Return the ids of the teachers of a student."""
    attended = [each for each in _sections_of_user(district, user) if user["id"] in each.get("students", ())]
    return (key for section in attended for key in section.get("teachers", ()))


def _my_contacts(district: SandboxDistrict, user: Object, _query: QueryParams) -> Iterable[str]:
    """Return the ids of the contacts of a student."""
    users = district.resources["users"]
    for key in list_users_of_role(district, "contact"):
        relationships: Iterable[Mapping[str, str]] = users[key]["roles"]["contact"].get("student_relationships", ())
        if any(each["student"] == user["id"] for each in relationships):
            yield key


def _section_users(_district: SandboxDistrict, section: Object, query: QueryParams) -> Iterable[str]:
    """Return the ids of the teachers and students of a section, with parameter `role`."""
    role = read_role(query, ("student", "teacher"))
    students = [] if role == "teacher" else section.get("students", [])
    return [*students, *([] if role == "student" else section.get("teachers", []))]


def _by_section(own_field: str, wanted_field: str) -> Finder:
    """Return a finder that goes through the sections.

    It selects the sections whose `own_field` holds the id of the record, and returns the values of `wanted_field`.
    """

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
