"""What a correction did, counted as people see it: students, teachers, schools, classes and places in class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.model.queries import load_query

Turn = Literal["back", "gone", "changed"]


@dataclass(frozen=True)
class Corrected:
    """So many of one kind.

    Attributes:
        what: `students`, `teachers` or `admins` of the district; an entity; `people` who have another account, and
            `places_moved` with them.
        turn: whether they live again, live no more, or have other content.
    """

    what: str
    turn: Turn
    rows: int


def count_corrected(pg: Connection, sync_id: int) -> tuple[Corrected, ...]:
    """Count what sync `sync_id`, a decision or an undo, wrote, from its journal."""
    rows = pg.execute(sa.text(load_query("corrections", "corrected")), {"sync_id": sync_id})
    return tuple(Corrected(**row) for row in rows.mappings())
