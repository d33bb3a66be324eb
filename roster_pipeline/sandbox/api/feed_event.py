"""Build the JSON object of one event (docs/clever-api.md#events)."""

from roster_pipeline.sandbox.api.collection import Object

IGNORED_FIELDS = frozenset({"created", "last_modified"})
"""Fields that each update changes and `previous_attributes` never contains (docs/clever-api.md#records)."""


def event(kind: str, event_id: str, created: str, item: Object, previous: Object | None) -> Object:
    """Return an event of a type such as `users.updated`. `previous` is None unless the event is an update."""
    payload: Object = {"object": item}
    if previous is not None:
        payload["previous_attributes"] = previous
    return {"type": kind, "id": event_id, "created": created, "data": payload}


def previous_attributes(old: Object, new: Object) -> Object:
    """Return the old values of the fields that differ, nested as in the object.

    A list counts as one value. The old value of a new field is null.
    """
    changed: Object = {}
    for key in sorted((old.keys() | new.keys()) - IGNORED_FIELDS):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            if inner := previous_attributes(before, after):
                changed[key] = inner
        elif before != after:
            changed[key] = before
    return changed
