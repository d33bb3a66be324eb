"""Dagster's storage: dagster-postgres on the database that the settings name, the embedded one where they name none.

`dagster.yaml` points here, so that one file serves every installation, no secret is written into it, and `dg dev` alone
starts the embedded server.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Self

from dagster._config import UserConfigSchema
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage

from roster_pipeline.embedded import dagster_url
from roster_pipeline.settings import read_settings

STATEMENT_MILLISECONDS = 60_000


class RosterEvents(PostgresEventLogStorage):
    """Dagster's event log, which asks once whether a table, a column or a partition is there: what is there stays.

    Dagster asks again for every event, and for every asset that a step reads or makes, which was 40 % of the
    statements of a run.
    """

    def __init__(self, url: str) -> None:
        self._found: set[tuple[str, ...]] = set()
        super().__init__(url)

    def has_table(self, table_name: str) -> bool:
        return self._ask_once(super().has_table, table_name)

    def has_asset_key_col(self, column_name: str) -> bool:
        return self._ask_once(super().has_asset_key_col, column_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return self._ask_once(super().has_dynamic_partition, partitions_def_name, partition_key)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        super().delete_dynamic_partition(partitions_def_name, partition_key)
        self._found.clear()

    def _ask_once(self, is_there: Callable[..., bool], *named: str) -> bool:
        fact = (is_there.__name__, *named)
        if fact not in self._found and is_there(*named):
            self._found.add(fact)
        return fact in self._found


class RosterStorage(DagsterPostgresStorage):
    """Runs, events and schedules in PostgreSQL. Takes no configuration: the ROSTER_* environment says where."""

    def __init__(self, url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(url, inst_data=inst_data)
        self._event_log_storage = RosterEvents(url)

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, _config_value: Mapping[str, Any]) -> Self:
        storage = cls(dagster_url(read_settings()), inst_data)
        # dagster-postgres opens a connection for every event unless told to keep them, as its web server does.
        for part in (storage.event_log_storage, storage.run_storage, storage.schedule_storage):
            part.optimize_for_webserver(statement_timeout=STATEMENT_MILLISECONDS, pool_recycle=3600, max_overflow=20)
        return storage
