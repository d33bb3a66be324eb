"""Dagster's storage: dagster-postgres on the database that the settings name, the embedded one where they name none.

`dagster.yaml` points here, so that one file serves every installation, no secret is written into it, and `dg dev` alone
starts the embedded server.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from dagster._config import UserConfigSchema
from dagster._serdes import ConfigurableClassData
from dagster_postgres import DagsterPostgresStorage

from roster_pipeline.embedded import dagster_url
from roster_pipeline.settings import read_settings

STATEMENT_MILLISECONDS = 60_000


class RosterStorage(DagsterPostgresStorage):
    """Runs, events and schedules in PostgreSQL. Takes no configuration: the ROSTER_* environment says where."""

    @classmethod
    def config_type(cls) -> UserConfigSchema:
        return {}

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Self:
        storage = cls(dagster_url(read_settings()), inst_data=inst_data, **config_value)
        # dagster-postgres opens a connection for every event unless told to keep them, as its web server does.
        for part in (storage.event_log_storage, storage.run_storage, storage.schedule_storage):
            part.optimize_for_webserver(statement_timeout=STATEMENT_MILLISECONDS, pool_recycle=3600, max_overflow=20)
        return storage
