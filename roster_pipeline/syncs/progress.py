"""Records how far a running sync is, for the people who wait for its answer.

Each record is a transaction of its own, because a change in the transaction that publishes would be seen at its end.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from roster_pipeline.errors import RosterError
from roster_pipeline.product.database import transaction
from roster_pipeline.product.tables import syncs

Step = Literal["extracting", "checking", "comparing", "saving"]
STEPS: tuple[Step, ...] = ("extracting", "checking", "comparing", "saving")
"""The steps of a sync, in their order."""
RECORD_SECONDS = 0.5
"""The least time between two records of read rows."""
log = logging.getLogger(__name__)


@dataclass
class SyncProgress:
    """Records the step of the running sync of one run, and the rows that it has read.

    Args:
        timer: returns the seconds of a clock that never goes back.
    """

    engine: Engine
    run_id: str
    now: Callable[[], datetime]
    timer: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._lock, self._rows, self._recorded_at = Lock(), 0, self.timer()

    def begin_step(self, step: Step) -> None:
        """Record that a step begins. The first step records the rows that the last full sync read too."""
        values: dict[str, Any] = {"step": step, "step_at": self.now()}
        if step == "extracting":
            values["expected_rows"] = self._in_transaction(lambda pg: _count_expected_rows(pg, self.run_id))
        self._record(**values)

    def add_rows(self, rows: int) -> None:
        """Count rows that were read from Clever. Several threads may call this."""
        with self._lock:
            self._rows += rows
            if self.timer() - self._recorded_at < RECORD_SECONDS:
                return
            self._recorded_at = self.timer()
            self._record(read_rows=self._rows)

    def _record(self, **values: Any) -> None:
        own = sa.and_(syncs.c.dagster_run_id == self.run_id, syncs.c.state == "running")
        self._in_transaction(lambda pg: pg.execute(syncs.update().where(own).values(values)))

    def _in_transaction(self, work: Callable[[Connection], Any]) -> Any:
        """Run `work` in a transaction of its own.

        A sync does not fail because nobody can see how far it is. If the database is away, its next stage fails.
        """
        try:
            with transaction(self.engine) as pg:
                return work(pg)
        except RosterError as error:
            log.warning("The progress of the sync was not recorded. %s", error)
            return None


def _count_expected_rows(pg: Connection, run_id: str) -> int | None:
    """Return the rows that the last published full sync of the district or teacher read, or None if there was none."""
    own = syncs.alias("own")
    is_same_unit = sa.exists().where(
        own.c.dagster_run_id == run_id,
        own.c.state == "running",
        own.c.organization_id == syncs.c.organization_id,
        own.c.account_id.is_not_distinct_from(syncs.c.account_id),
    )
    last = sa.select(syncs.c.proof).where(
        is_same_unit, syncs.c.mode == "full", syncs.c.state.in_(("published", "held"))
    )
    proof = pg.execute(last.order_by(syncs.c.id.desc()).limit(1)).scalar() or {}
    return sum(read["rows"] for read in proof.values() if isinstance(read, dict)) or None
