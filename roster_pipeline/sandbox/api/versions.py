"""What the two API versions show of an object: v3.1 only adds fields to v3.0 (Clever, *API v3.1*).

Which paths there are is the same in both, and `clever_api`'s.
"""

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
"""Fields that `v3.1.yml` declares and `v3.0.yml` does not."""


def as_seen_in(version: str, item: dict[str, Any]) -> dict[str, Any]:
    """The object without the fields that this version does not have. What a district put into `ext` stays."""
    return item if version == "v3.1" else _older(item)


def _older(item: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _older(value) if isinstance(value, dict) and key != "ext" else value
        for key, value in item.items()
        if key not in NEW_IN_V31
    }
