"""Which events a query to `/events` asks for (Clever, *Events API*). Paging is `paging`'s."""

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.api.relations import role_schools
from roster_pipeline.sandbox.data.district import LISTS, SandboxDistrict

RECORD_TYPES = frozenset({*LISTS, "resources"})


def event_ids(district: SandboxDistrict, query: QueryParams) -> list[str]:
    """Ascending event ids after the filters `school` and `record_type` (which may be repeated).

    Raises:
        HTTPException: 400 for an unknown record type.
    """
    types = frozenset(query.getlist("record_type"))
    if not types <= RECORD_TYPES:
        raise HTTPException(400, "Invalid record_type")
    school = query.get("school")
    ids = district.events.ids()
    if not types and not school:
        return ids
    return [key for key in ids if _wanted(district.events[key], types, school)]


def _wanted(event: Object, types: frozenset[str], school: str | None) -> bool:
    record_type = event["type"].partition(".")[0]
    if types and record_type not in types:
        return False
    return school is None or school in _schools_of(record_type, event["data"]["object"])


def _schools_of(record_type: str, item: Object) -> set[str]:
    if record_type == "schools":
        return {item["id"]}
    if record_type == "users":
        return role_schools(item, None, primary=False)
    return {item["school"]} if item.get("school") else set()
