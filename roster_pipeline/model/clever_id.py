"""The form of a Clever id (docs/clever-api.md#envelope)."""

from __future__ import annotations

import re

CLEVER_ID_PATTERN = "[0-9a-f]{24}"
"""The regular expression of a whole Clever id, in the syntax that Python and DuckDB share."""


def is_clever_id(text: str) -> bool:
    """Return whether a text has the form of a Clever id."""
    return re.fullmatch(CLEVER_ID_PATTERN, text) is not None
