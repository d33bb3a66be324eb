"""Play Clever Library: the few lists that the token of one teacher opens (docs/clever-api.md#library)."""

from collections.abc import Iterable

from starlette.datastructures import QueryParams
from starlette.responses import Response

from roster_pipeline.sandbox.api.answers import json_answer, refusal
from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.data.district import SandboxDistrict

PAGE_SIZE = 100
"""The records of an answer. Paging does not work with the token of a teacher, so the rest is never shown."""
SECTION_FIELDS = ("id", "name", "section_number", "teacher", "teachers", "students", "subject", "grade")


def answer_library(district: SandboxDistrict, user_id: str, version: str, path: str, query: QueryParams) -> Response:
    """Answer a request below `/v3.x/` with the token of a person whose district is not connected.

    A person reaches the own record. A teacher also reaches the own sections and their students. Everything else is
    refused with 403.
    """
    users, steps = district.resources["users"], path.split("/")
    if steps[:2] == ["users", user_id] and user_id not in users:
        return refusal(404, "Resource not found")
    own = _list_own_sections(district, user_id)
    if steps == ["users", user_id]:
        return json_answer(
            {"data": _describe_person(users.shown(user_id)), "links": [{"rel": "self", "uri": f"/{path}"}]}
        )
    if steps == ["users", user_id, "sections"]:
        return _list(district, version, "sections", [_describe_section(section) for section in own], path)
    if steps == ["users", user_id, "mystudents"]:
        return _list(district, version, "users", _list_students(district, own), path)
    if len(steps) == 3 and steps[::2] == ["sections", "users"] and query.get("role") == "student":
        sections = [section for section in own if section["id"] == steps[1]]
        if sections:
            return _list(district, version, "users", _list_students(district, sections), path)
    return refusal(403, "Forbidden")


def _list_own_sections(district: SandboxDistrict, teacher_id: str) -> list[Object]:
    sections = district.resources["sections"].values()
    return [section for section in sections if teacher_id in section.get("teachers", ())]


def _list_students(district: SandboxDistrict, sections: Iterable[Object]) -> list[Object]:
    """Return the students of sections, as Clever Library shows them. A section may name a person who is not shared."""
    users = district.resources["users"]
    ids = sorted({student for section in sections for student in section["students"]} & users.keys())
    return [_describe_person(users.shown(key)) for key in ids]


def _describe_section(section: Object) -> Object:
    return {field: section[field] for field in SECTION_FIELDS if field in section}


def _describe_person(user: Object) -> Object:
    """Return the fields of a person. Of a student only the first letter of the last name is shown, and no email."""
    name = user.get("name") or {}
    if "student" not in user["roles"]:
        shown = {
            "id": user["id"],
            "name": name,
            "email": user.get("email"),
            "roles": {role: {} for role in user["roles"]},
        }
        return {field: value for field, value in shown.items() if value is not None}
    parts = {"first": name.get("first"), "last": (name.get("last") or "")[:1]}
    shown_name = {part: text for part, text in parts.items() if text}
    role = {field: value for field, value in user["roles"]["student"].items() if field == "grade"}
    roles = {"student": role} | ({"teacher": {}} if "teacher" in user["roles"] else {})
    return {"id": user["id"], "name": shown_name, "roles": roles}


def _list(district: SandboxDistrict, version: str, resource: str, records: list[Object], path: str) -> Response:
    """Return a list of one page."""
    links = [{"rel": "self", "uri": f"/{version}/{path}"}]
    if district.library_links_next and records:
        last = records[:PAGE_SIZE][-1]["id"]
        links.append({"rel": "next", "uri": f"/{version}/{path}?starting_after={last}"})
    shown = [{"data": record, "uri": f"/{version}/{resource}/{record['id']}"} for record in records[:PAGE_SIZE]]
    return json_answer({"data": shown, "links": links})
