"""The fields of objects in the two versions of the API. The version v3.1 adds fields to v3.0."""

from typing import Any

VERSIONS = ("v3.0", "v3.1")
NEW_IN_V31 = frozenset(
    {
        *("disability", "frl_status", "gifted_status", "home_language", "home_language_code", "iep_status"),
        *(
            "last_attendance_sync",
            "lms_state",
            "lms_status",
            "lms_type",
            "preferred_name",
            "section_504_status",
        ),
    }
)
"""The fields that v3.1 has and v3.0 has not."""


def as_seen_in(version: str, item: dict[str, Any]) -> dict[str, Any]:
    """Return an object without the fields that a version does not have. The fields below `ext` stay."""
    return item if version == "v3.1" else _older(item)


def _older(item: dict[str, Any]) -> dict[str, Any]:
    """Return an object without the fields that are new in v3.1, at every level."""
    return {
        key: _older(value) if isinstance(value, dict) and key != "ext" else value
        for key, value in item.items()
        if key not in NEW_IN_V31
    }
