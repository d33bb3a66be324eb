"""Which decisions a review offers, by its reason, and the name of the person who decides."""

from __future__ import annotations

DECIDER_MAX_CHARS = 200
DECISIONS: dict[str, tuple[str, ...]] = {
    "email_shared": ("link", "create"),
    "already_linked": ("relink", "create"),
    "role_differs": ("link", "create"),
    "other_organization": ("create",),
    "admin_account": ("create",),
    "account_closed": ("link", "create"),
    "name_differs": ("same", "different", "link", "create"),
    "recycled_id": ("same", "different"),
    "library_student": ("relink", "create"),
}
"""The decisions that a person may make, by the reason of the review."""
MOVING_REASONS = frozenset({"other_organization", "library_student"})
"""The reasons about an account of another organization, which moves with the person."""


def decisions_for(reason: str, *, is_released: bool) -> tuple[str, ...]:
    """Return the decisions that a review offers.

    Args:
        is_released: whether all other organizations of the account are disconnected (docs/rules.md R2.29).
    """
    if reason == "other_organization" and is_released:
        return ("relink", "create")
    return DECISIONS.get(reason, ("create",))


def is_decider_name(name: str) -> bool:
    """Return whether a text can name the person who decides. The name `sync` is taken by syncs."""
    return name.isprintable() and 0 < len(name) <= DECIDER_MAX_CHARS and name != "sync"
