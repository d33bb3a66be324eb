"""The storage of Dagster's events, which stores what people look at (docs/architecture.md).

Dagster stores some 250 events for the sync of one district. Only Dagster reads most of them, and only until the run has
ended. A district is synced every night, so they would fill the database.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property

import dagster as dg
import sqlalchemy as sa
from dagster_postgres import PostgresEventLogStorage

from roster_pipeline.instance.dagster_private import (
    DATA_VERSION_TAG,
    AssetCheckExecutionRecordStatus,
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    SqlEventLogStorageTable,
)
from roster_pipeline.instance.existence_cache import ExistenceCache

Type = dg.DagsterEventType
FINGERPRINT = "table-"
"""The beginning of a data version that stands for the rows and the columns of a table."""
SAME = f"{FINGERPRINT}same"
"""The data version of a table of a delta sync that affects no row."""
WITHIN_A_STEP = {Type.STEP_OUTPUT, Type.ASSET_MATERIALIZATION, Type.ASSET_CHECK_EVALUATION}
"""The events that a step reports for each of its results."""
PLANNED, SUCCEEDED = (
    status.value for status in (AssetCheckExecutionRecordStatus.PLANNED, AssetCheckExecutionRecordStatus.SUCCEEDED)
)
ONLY_UNTIL_SUCCESS = (
    Type.STEP_OUTPUT,
    Type.ASSET_MATERIALIZATION_PLANNED,
    Type.ASSET_CHECK_EVALUATION_PLANNED,
    Type.RESOURCE_INIT_STARTED,
    Type.RESOURCE_INIT_SUCCESS,
)
"""The events that say how far a run is, and that a repetition of a failed run needs."""


class RosterEvents(ExistenceCache, PostgresEventLogStorage):
    """The storage of Dagster's event log.

    It stores no materialization of a table that did not change, and no passed check of such a table. When a run
    succeeds, it deletes the events that nobody needs any more. It keeps the tags of the materializations of this
    process, so that later steps do not query them.
    """

    @cached_property
    def _tags_by_asset(self) -> dict[tuple[dg.AssetKey, str], Mapping[str, str]]:
        return {}

    @cached_property
    def _unchanged(self) -> set[tuple[str, dg.AssetKey]]:
        """The assets whose materialization was not stored, with the run. A process runs few runs, so it stays small."""
        return set()

    @cached_property
    def _outputs_by_run(self) -> defaultdict[str, list[dg.EventLogEntry]]:
        return defaultdict(list)

    def has_table(self, table_name: str) -> bool:
        return self._exists(super().has_table, table_name)

    def has_asset_key_col(self, column_name: str) -> bool:
        return self._exists(super().has_asset_key_col, column_name)

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        return self._exists(super().has_dynamic_partition, partitions_def_name, partition_key)

    def delete_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> None:
        super().delete_dynamic_partition(partitions_def_name, partition_key)
        self._existing.clear()

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Store an event. The outputs of a step are stored together when the step has ended."""
        kind = event.dagster_event.event_type if event.dagster_event else None
        if kind is Type.STEP_OUTPUT:
            self._outputs_by_run[event.run_id].append(event)
            return
        if kind not in WITHIN_A_STEP:
            self._store_outputs(event.run_id)
        if kind is Type.ASSET_MATERIALIZATION:
            self._store_materialization(event)
        elif not self._is_known_result(event):
            super().store_event(event)
        if kind is Type.RUN_SUCCESS:
            self._delete_used(event.run_id)

    def _is_known_result(self, event: dg.EventLogEntry) -> bool:
        """Return whether an event says that a check of an unchanged table passes, as its last stored result does."""
        if not event.dagster_event or event.dagster_event.event_type is not Type.ASSET_CHECK_EVALUATION:
            return False
        evaluation = event.dagster_event.asset_check_evaluation_data
        if not evaluation.passed or (event.run_id, evaluation.asset_key) not in self._unchanged:
            return False
        checks = AssetCheckExecutionsTable.c
        own = sa.and_(checks.asset_key == evaluation.asset_key.to_string(), checks.check_name == evaluation.check_name)
        is_result = checks.execution_status != PLANNED
        last = sa.select(checks.execution_status).where(own, is_result).order_by(checks.id.desc()).limit(1)
        with self.index_connection() as connection:
            return bool(connection.execute(last).scalar() == SUCCEEDED)

    def _store_outputs(self, run_id: str) -> None:
        """Store the outputs of the step that has ended."""
        if outputs := self._outputs_by_run.pop(run_id, None):
            with self.run_connection(run_id) as connection:
                connection.execute(self.prepare_insert_event_batch(outputs))

    def _delete_used(self, run_id: str) -> None:
        """Delete the events and the planned checks of a run that nobody needs after its success."""
        events, checks = SqlEventLogStorageTable, AssetCheckExecutionsTable
        is_used = events.c.dagster_event_type.in_([kind.value for kind in ONLY_UNTIL_SUCCESS])
        is_planned = checks.c.execution_status == PLANNED
        with self.run_connection(run_id) as connection:
            connection.execute(events.delete().where(events.c.run_id == run_id, is_used))
            connection.execute(checks.delete().where(checks.c.run_id == run_id, is_planned))

    def _store_materialization(self, event: dg.EventLogEntry) -> None:
        """Store a materialization, unless the table is the same as at the latest stored one of the partition."""
        assert event.dagster_event
        asset = event.dagster_event.step_materialization_data.materialization
        tags = asset.tags or {}
        version = tags.get(DATA_VERSION_TAG, "")
        is_stored = True
        if asset.partition and version.startswith(FINGERPRINT):
            stored = self._find_data_version(asset.asset_key, asset.partition, event.run_id)
            is_stored = stored is None or version not in (SAME, stored)
            tags = tags if is_stored else {DATA_VERSION_TAG: stored or ""}
        if is_stored:
            super().store_event(event)
        else:
            self._unchanged.add((event.run_id, asset.asset_key))
        if asset.partition:
            self._tags_by_asset[asset.asset_key, asset.partition] = tags

    def _find_data_version(self, asset_key: dg.AssetKey, partition: str, run_id: str) -> str | None:
        """Return the data version of the latest stored materialization of a partition.

        If another run has begun and not materialized it since, return None: Dagster shows the partition as failed until
        the next stored materialization.
        """
        events, tags = SqlEventLogStorageTable.c, AssetEventTagsTable.c
        own = sa.and_(events.asset_key == asset_key.to_string(), events.partition == partition)
        is_stored = events.dagster_event_type == Type.ASSET_MATERIALIZATION.value
        latest = sa.select(sa.func.max(events.id)).where(own, is_stored).scalar_subquery()
        is_planned = events.dagster_event_type == Type.ASSET_MATERIALIZATION_PLANNED.value
        is_later_attempt = sa.and_(is_planned, events.run_id != run_id, events.id > latest)
        version = sa.select(tags.value).where(
            tags.event_id == latest, tags.key == DATA_VERSION_TAG, ~sa.exists().where(own, is_later_attempt)
        )
        with self.index_connection() as connection:
            return connection.execute(version).scalar()

    def get_latest_tags_by_partition(
        self,
        asset_key: dg.AssetKey,
        event_type: dg.DagsterEventType,
        tag_keys: Sequence[str],
        asset_partitions: Sequence[str] | None = None,
        before_cursor: int | None = None,
        after_cursor: int | None = None,
    ) -> Mapping[str, Mapping[str, str]]:
        """Return the tags of the latest event of an asset for each partition.

        Only one run at a time writes a district's assets. An asset that this process has materialized is therefore the
        latest one.
        """
        key = (asset_key, asset_partitions[0]) if asset_partitions and len(asset_partitions) == 1 else None
        is_any = event_type is Type.ASSET_MATERIALIZATION and before_cursor is after_cursor is None
        if is_any and key in self._tags_by_asset:
            return {key[1]: {name: value for name, value in self._tags_by_asset[key].items() if name in tag_keys}}
        return super().get_latest_tags_by_partition(
            asset_key, event_type, tag_keys, asset_partitions, before_cursor, after_cursor
        )
