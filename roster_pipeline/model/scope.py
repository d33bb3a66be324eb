"""The scope of a refresh request. A sync covers the whole district, and the answer begins with the scope."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["district", "school", "section", "library"]


@dataclass(frozen=True)
class Scope:
    """The whole district, one of its schools, or one of its classes (a `section`), by Clever id.

    The scope `library` is all classes of one Library teacher, which are the whole of that teacher's update.

    A request for a class that the product does not have yet is a request for the district with the id of the class.
    """

    kind: Kind = "district"
    clever_id: str | None = None

    @property
    def subject(self) -> Kind:
        """Return the kind that the answer begins with."""
        if self.kind == "library":
            return "district"
        return "section" if self.kind == "district" and self.clever_id else self.kind


DISTRICT = Scope()
