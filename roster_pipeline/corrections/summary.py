"""Counts what a correction changed, as people see it: students, teachers, schools, classes and places in classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.model.queries import load_query

Effect = Literal["back", "gone", "changed"]


@dataclass(frozen=True)
class CorrectionCount:
    """The number of records of one subject on which a correction had the same effect.

    Attributes:
        subject: the records: `students`, `teachers` or `admins` of the district, an entity, `people` who have another
            account than before, or `places_moved` for their places in classes.
        effect: `back` if the records are live again, `gone` if they have ended, or `changed`.
    """

    subject: str
    effect: Effect
    rows: int


def count_correction(pg: Connection, sync_id: int) -> tuple[CorrectionCount, ...]:
    """Count what a correction changed, from its journal.

    Args:
        sync_id: the sync that records the decision or the undo.
    """
    rows = pg.execute(sa.text(load_query("corrections", "corrected")), {"sync_id": sync_id})
    return tuple(CorrectionCount(**row) for row in rows.mappings())
