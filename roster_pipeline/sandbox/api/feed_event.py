"""The wire shape of one event (docs/clever-api.md#events).

Which events there are is the district's business.
"""

from roster_pipeline.sandbox.api.collection import Object

NO_CONTENT = frozenset({"created", "last_modified"})
"""Fields that change with every update and that `previous_attributes` never names (docs/clever-api.md#records)."""


def event(kind: str, event_id: str, created: str, item: Object, previous: Object | None) -> Object:
    """An event of type `kind`, such as `users.updated`; `previous` is None unless it is an update."""
    payload: Object = {"object": item}
    if previous is not None:
        payload["previous_attributes"] = previous
    return {"type": kind, "id": event_id, "created": created, "data": payload}


def previous_attributes(old: Object, new: Object) -> Object:
    """The old values of the changed leaves, nested as in the object. Lists are leaves; a new key was null."""
    changed: Object = {}
    for key in sorted((old.keys() | new.keys()) - NO_CONTENT):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            if inner := previous_attributes(before, after):
                changed[key] = inner
        elif before != after:
            changed[key] = before
    return changed
