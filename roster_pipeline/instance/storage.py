"""Dagster's storage: dagster-postgres with the database from the ROSTER_* settings and a schema of its own.

`dagster.yaml` names these classes. It therefore holds no address and no secret, and is the same in every installation.
`dg dev` starts the embedded server when it opens the storage.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Self

from dagster_postgres import (
    DagsterPostgresStorage,
    PostgresRunStorage,
    PostgresScheduleStorage,
)

from roster_pipeline.instance.dagster_private import (
    ConfigurableClassData,
    InstigatorState,
    InstigatorTick,
    UserConfigSchema,
)
from roster_pipeline.instance.dagster_schema import dagster_place
from roster_pipeline.instance.event_storage import RosterEvents
from roster_pipeline.instance.existence_cache import ExistenceCache
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.settings import read_settings

STATEMENT_TIMEOUT_MILLISECONDS = 60_000


class RosterRuns(ExistenceCache, PostgresRunStorage):
    """The storage of Dagster's runs."""

    def has_run_stats_index_cols(self) -> bool:
        return self._exists(super().has_run_stats_index_cols)

    def has_backfill_id_column(self) -> bool:
        return self._exists(super().has_backfill_id_column)


class RosterSchedules(ExistenceCache, PostgresScheduleStorage):
    """The storage of Dagster's schedules and sensors.

    Stored times that are ahead of now are left out. A daemon whose clock was ahead stored them, and Dagster would start
    no sensor and no schedule until then.
    """

    def all_instigator_state(self, *which: Any, **more: Any) -> Sequence[InstigatorState]:
        return [_without_times_ahead(state) for state in super().all_instigator_state(*which, **more)]

    def get_instigator_state(self, origin_id: str, selector_id: str) -> InstigatorState | None:
        state = super().get_instigator_state(origin_id, selector_id)
        return state and _without_times_ahead(state)

    def get_ticks(
        self, origin_id: str, selector_id: str, before: float | None = None, *which: Any, **more: Any
    ) -> Sequence[InstigatorTick]:
        latest = _latest()
        return super().get_ticks(origin_id, selector_id, min(before or latest, latest), *which, **more)

    def has_instigators_table(self) -> bool:
        return self._exists(super().has_instigators_table)

    def has_secondary_index_table(self) -> bool:
        return self._exists(super().has_secondary_index_table)


def _latest() -> float:
    """Return the latest time that a stored time may have, in seconds since 1970."""
    return (datetime.now(UTC) + CLOCK_TOLERANCE).timestamp()


def _without_times_ahead(state: InstigatorState) -> InstigatorState:
    """Return a state of a schedule or sensor without its times that are ahead of now."""
    data, latest = state.instigator_data, _latest()
    if data is None:
        return state
    ahead: dict[str, Any] = {
        name: None
        for name in data._fields
        if name.endswith("_timestamp") and (stored := getattr(data, name)) is not None and stored > latest
    }
    return state.with_data(data._replace(**ahead)) if ahead else state


class RosterStorage(DagsterPostgresStorage):
    """The storage of runs, events and schedules in PostgreSQL.

    It takes no configuration. The ROSTER_* settings name the database.
    """

    def __init__(self, url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(url, should_autocreate_tables=False, inst_data=inst_data)  # the storages below create them
        self._event_log_storage, self._run_storage = RosterEvents(url), RosterRuns(url)
        self._schedule_storage = RosterSchedules(url)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, _config_value: Mapping[str, Any]) -> Self:
        storage = cls(dagster_place(read_settings()), inst_data)
        # Else dagster-postgres opens a connection for every event.
        for part in (storage.event_log_storage, storage.run_storage, storage.schedule_storage):
            part.optimize_for_webserver(
                statement_timeout=STATEMENT_TIMEOUT_MILLISECONDS, pool_recycle=3600, max_overflow=20
            )
        return storage
