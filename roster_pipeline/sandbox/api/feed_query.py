"""Select the events that a request for `/events` filters for (docs/clever-api.md#events)."""

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from roster_pipeline.sandbox.api.collection import Object
from roster_pipeline.sandbox.api.relations import list_role_schools
from roster_pipeline.sandbox.data.district import LISTS, SandboxDistrict

RECORD_TYPES = frozenset({*LISTS, "resources"})


def event_ids(district: SandboxDistrict, query: QueryParams) -> list[str]:
    """Return the ascending ids of the events that the filters `school` and `record_type` select.

    A request may repeat `record_type`.

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
    return [key for key in ids if _is_selected(district.events[key], types, school)]


def _is_selected(event: Object, types: frozenset[str], school: str | None) -> bool:
    """Return whether the filters select an event."""
    record_type = event["type"].partition(".")[0]
    if types and record_type not in types:
        return False
    return school is None or school in _schools_of(record_type, event["data"]["object"])


def _schools_of(record_type: str, item: Object) -> set[str]:
    """Return the ids of the schools that an object belongs to."""
    if record_type == "schools":
        return {item["id"]}
    if record_type == "users":
        return list_role_schools(item, None, primary=False)
    return {item["school"]} if item.get("school") else set()
