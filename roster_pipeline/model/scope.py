"""What an Update Roster request is about. A sync serves the whole district; the answer speaks of the scope first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["district", "school", "section"]


@dataclass(frozen=True)
class Scope:
    """The whole district, one of its schools, or one of its classes (a `section`), by Clever id.

    A request for a class that the product does not know yet is one for the district; it keeps the id of the class.
    """

    kind: Kind = "district"
    clever_id: str | None = None

    @property
    def about(self) -> Kind:
        """What the answer speaks of first."""
        return "section" if self.kind == "district" and self.clever_id else self.kind


DISTRICT = Scope()
CANCELED = "Nothing changed: a person stopped the sync."
"""The answer to a request whose sync a person stopped, under way or before it began."""
