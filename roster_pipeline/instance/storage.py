"""Dagster's storage: dagster-postgres in a schema of its own, in the database that the settings name.

`dagster.yaml` points here, so that one file serves every installation, no secret is written into it, and `dg dev` alone
starts the embedded server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Self

import dagster as dg
from dagster_postgres import (
    DagsterPostgresStorage,
    PostgresEventLogStorage,
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
from roster_pipeline.model.clock import CLOCK_TOLERANCE
from roster_pipeline.settings import read_settings

STATEMENT_MILLISECONDS = 60_000


class _AsksOnce:
    """Whether a table, a column or a partition is there is asked until it is: what is there stays.

    Dagster asks again for every event, and for every asset that a step reads or makes: it was 40 % of the statements of
    a run.
    """

    @cached_property
    def _found(self) -> set[tuple[str, ...]]:
        return set()

    def _ask_once(self, is_there: Callable[..., bool], *named: str) -> bool:
        fact = (is_there.__name__, *named)
        if fact not in self._found and is_there(*named):
            self._found.add(fact)
        return fact in self._found


class RosterRuns(_AsksOnce, PostgresRunStorage):
    """Dagster's runs."""

    def has_run_stats_index_cols(self) -> bool:
        return self._ask_once(super().has_run_stats_index_cols)

    def has_backfill_id_column(self) -> bool:
        return self._ask_once(super().has_backfill_id_column)


class RosterSchedules(_AsksOnce, PostgresScheduleStorage):
    """Dagster's schedules and sensors.

    Times that lie ahead of now are left out: a daemon whose clock ran ahead stored them, and Dagster would start no
    sensor and no schedule before they have come.
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
        return self._ask_once(super().has_instigators_table)

    def has_secondary_index_table(self) -> bool:
        return self._ask_once(super().has_secondary_index_table)


def _latest() -> float:
    """The latest moment that a stored time may name, in seconds since 1970."""
    return (datetime.now(UTC) + CLOCK_TOLERANCE).timestamp()


def _without_times_ahead(state: InstigatorState) -> InstigatorState:
    data, latest = state.instigator_data, _latest()
    if data is None:
        return state
    ahead: dict[str, Any] = {
        name: None
        for name in data._fields
        if name.endswith("_timestamp") and (stored := getattr(data, name)) is not None and stored > latest
    }
    return state.with_data(data._replace(**ahead)) if ahead else state


class RosterEvents(_AsksOnce, PostgresEventLogStorage):
    """Dagster's event log. Which data versions this process has made it need not look up."""

    @cached_property
    def _made(self) -> dict[tuple[dg.AssetKey, str], Mapping[str, str]]:
        return {}

    def has_table(self, table_name: str) -> bool:
        return self._ask_once(super().has_table, table_name)

    def has_asset_key_col(self, column_name: str) -> bool:
        return self._ask_once(super().has_asset_key_col, column_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return self._ask_once(super().has_dynamic_partition, partitions_def_name, partition_key)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        super().delete_dynamic_partition(partitions_def_name, partition_key)
        self._found.clear()

    def store_event(self, event: dg.EventLogEntry) -> None:
        super().store_event(event)
        if event.dagster_event and event.dagster_event.is_step_materialization:
            made = event.dagster_event.step_materialization_data.materialization
            if made.partition:
                self._made[made.asset_key, made.partition] = made.tags or {}

    def get_latest_tags_by_partition(
        self,
        asset_key: dg.AssetKey,
        event_type: dg.DagsterEventType,
        tag_keys: Sequence[str],
        asset_partitions: Sequence[str] | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, Mapping[str, str]]:
        """As Dagster has it. A district is made by one run at a time, so what this one made is the latest."""
        key = (asset_key, asset_partitions[0]) if asset_partitions and len(asset_partitions) == 1 else None
        is_any = event_type is dg.DagsterEventType.ASSET_MATERIALIZATION and before_cursor is after_cursor is None
        if is_any and key in self._made:
            return {key[1]: {name: value for name, value in self._made[key].items() if name in tag_keys}}
        return super().get_latest_tags_by_partition(
            asset_key, event_type, tag_keys, asset_partitions, before_cursor, after_cursor
        )


class RosterStorage(DagsterPostgresStorage):
    """Runs, events and schedules in PostgreSQL. Takes no configuration: the ROSTER_* environment says where."""

    def __init__(self, url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(url, should_autocreate_tables=False, inst_data=inst_data)  # the ones that stay create them
        self._event_log_storage, self._run_storage = RosterEvents(url), RosterRuns(url)
        self._schedule_storage = RosterSchedules(url)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, _config_value: Mapping[str, Any]) -> Self:
        storage = cls(dagster_place(read_settings()), inst_data)
        # dagster-postgres opens a connection for every event unless told to keep them, as its web server does.
        for part in (storage.event_log_storage, storage.run_storage, storage.schedule_storage):
            part.optimize_for_webserver(statement_timeout=STATEMENT_MILLISECONDS, pool_recycle=3600, max_overflow=20)
        return storage
