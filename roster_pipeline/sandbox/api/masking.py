"""Leave out of Clever's answers what a district does not share of its people: the names and the email.

A district can switch fields off for an application. The people and their ids stay (docs/clever-api.md#records).
"""

from roster_pipeline.sandbox.api.collection import Object

MASKED_FIELDS = frozenset({"name", "email"})


def mask_person(user: Object) -> Object:
    """Return a user without names and email."""
    return {field: value for field, value in user.items() if field not in MASKED_FIELDS}


def mask_event(event: Object) -> Object:
    """Return an event without the names and the email of its user. The events of other lists stay."""
    if not event["type"].startswith("users."):
        return event
    return event | {"data": {part: mask_person(value) for part, value in event["data"].items()}}
