"""Copy recorded runs of one district to other districts and nights in Dagster's tables, and read what the UI shows.

A night of many districts is copied in a second. The runs themselves would take a minute.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import count
from uuid import UUID

import dagster as dg
import sqlalchemy as sa

from roster_pipeline.defs.freshness import FRESH, ROSTERS
from roster_pipeline.defs.partitions import DISTRICTS
from roster_pipeline.instance.dagster_private import (
    AssetCheckExecutionsTable,
    AssetEventTagsTable,
    JobTickTable,
    RunsTable,
    RunTagsTable,
    SqlEventLogStorageTable,
)

TABLES = (RunsTable, RunTagsTable, SqlEventLogStorageTable, AssetEventTagsTable, AssetCheckExecutionsTable)
RECORDED = {table.name: table.to_metadata(sa.MetaData(), schema="recorded") for table in TABLES}
"""The tables that keep the recorded rows, which may be pruned from Dagster's tables."""
ROOM = 100_000
"""The distance between the row ids of two copies. The recorded rows have lower ids."""
IDS = {"id", "event_id", "evaluation_event_storage_id", "materialization_event_storage_id"}
TIMES = {"timestamp", "event_timestamp", "create_timestamp", "update_timestamp", "evaluation_event_timestamp"}
TEXTS = {"run_body", "event", "evaluation_event", "value", "partition"}
COPIES = sa.table(
    "copies", *map(sa.column, ("recorded", "run_id", "district", "recorded_district", "room", "later", "seconds"))
)
CREATE_COPIES = """
    create temporary table copies (recorded text, run_id text, district text, recorded_district text, room bigint,
        later interval, seconds double precision) on commit drop
"""
SIZE = "select sum(pg_total_relation_size(cast(name as regclass))) from unnest(cast(:names as text[])) as name"
TICKS_A_NIGHT = 20


@dataclass
class Nights:
    """Nights of Dagster's records.

    Attributes:
        dagster: the engine of Dagster's database.
        instance: the Dagster instance, which holds the recorded runs.
        recorded_district: the partition of the recorded runs.
        recorded_at: the time of the recorded runs. Copies have the same distances from their night.
    """

    dagster: sa.Engine
    instance: dg.DagsterInstance
    recorded_district: str
    recorded_at: datetime

    def __post_init__(self):
        self._numbers = count(1)
        with self.dagster.begin() as connection:
            connection.execute(sa.text("create schema recorded"))
            for name in RECORDED:
                connection.execute(sa.text(f"create table recorded.{name} as table {name}"))

    def copy_night(self, night: datetime, run_by_district: dict[str, str]) -> None:
        """Copy one recorded run for each district, a result of the freshness check, and ticks of a sensor."""
        later = night - self.recorded_at
        copied = [*run_by_district.items(), (self.recorded_district, "")]
        rows = [
            {
                "recorded": recorded,
                "run_id": recorded and str(UUID(int=number)),
                "district": district,
                "recorded_district": self.recorded_district,
                "room": number * ROOM,
                "later": later,
                "seconds": later.total_seconds(),
            }
            for (district, recorded), number in zip(copied, self._numbers, strict=False)
        ]
        tick = {"selector_id": "sensor", "status": "SKIPPED", "type": "SENSOR", "timestamp": night.replace(tzinfo=None)}
        with self.dagster.begin() as connection:
            connection.execute(sa.text(CREATE_COPIES))
            connection.execute(sa.insert(COPIES), rows)
            for table in TABLES:
                connection.execute(_copy_rows(table))
            connection.execute(sa.insert(JobTickTable), [tick | {"tick_body": "{}"}] * TICKS_A_NIGHT)

    def measure_bytes(self) -> int:
        """Return the size of the tables on disk, with their indexes."""
        names = [table.name for table in (*TABLES, JobTickTable)]
        with self.dagster.connect() as connection:
            return int(connection.execute(sa.text(SIZE), {"names": names}).scalar_one())

    def count_rows(self) -> dict[str, int]:
        """Return the number of rows of each table."""
        with self.dagster.connect() as connection:
            return {
                table.name: connection.execute(sa.select(sa.func.count()).select_from(table)).scalar_one()
                for table in (*TABLES, JobTickTable)
            }


def record_freshness(instance: dg.DagsterInstance) -> None:
    """Report a result of the freshness check as the sensor `catch_up` does, without a run."""
    evaluation = dg.AssetCheckEvaluation(asset_key=ROSTERS, check_name=FRESH, passed=True, metadata={})
    instance.report_runless_asset_event(evaluation)


def _copy_rows(table: sa.Table) -> sa.Insert:
    """Return the statement that copies the recorded rows of a table."""
    recorded, events = RECORDED[table.name], RECORDED[SqlEventLogStorageTable.name]
    names = [column.name for column in table.c if column.name != "id" or table is not RunTagsTable]
    if "run_id" in recorded.c:
        rows, run_id = recorded, recorded.c.run_id
    else:  # the tags of an event
        rows, run_id = recorded.join(events, events.c.id == recorded.c.event_id), events.c.run_id
    copied = sa.select(*(_copy_column(recorded.c[name]) for name in names))
    return sa.insert(table).from_select(names, copied.select_from(rows.join(COPIES, COPIES.c.recorded == run_id)))


def _copy_column(column: sa.Column) -> sa.ColumnElement:
    """Return the value of a column in a copy."""
    if column.name in IDS:
        return column + COPIES.c.room
    if column.name in ("start_time", "end_time"):
        return column + COPIES.c.seconds
    if column.name in TIMES:
        return column + COPIES.c.later
    if column.name == "run_id":
        return COPIES.c.run_id
    if column.name in TEXTS:
        own_run = sa.func.replace(column, COPIES.c.recorded, COPIES.c.run_id)  # of an empty text, this replaces nothing
        return sa.func.replace(own_run, COPIES.c.recorded_district, COPIES.c.district)
    return column


def read_records(instance: dg.DagsterInstance, districts: list[str]) -> dict[str, object]:
    """Return what the storage answers about assets, partitions and checks when the UI shows them."""
    storage = instance.event_log_storage
    kinds = (dg.DagsterEventType.ASSET_MATERIALIZATION, dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    answers: dict[str, object] = {"partitions": sorted(instance.get_dynamic_partitions(DISTRICTS))}
    for key in instance.all_asset_keys():
        name = key.to_user_string()
        answers[f"{name}: newest events"] = [storage.get_latest_storage_id_by_partition(key, kind) for kind in kinds]
        answers[f"{name}: newest tags"] = storage.get_latest_tags_by_partition(key, kinds[0], ["dagster/data_version"])
        answers[f"{name}: unfinished"] = {
            partition: instance.get_run_by_id(run_id).status
            for partition, (run_id, _event) in (
                storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
            ).items()
        }
        for district in districts:
            records = dg.AssetRecordsFilter(key, asset_partitions=[district])
            newest = instance.fetch_materializations(records, limit=1).records
            runs = [instance.get_run_by_id(record.run_id) for record in newest]
            steps = [instance.get_run_step_stats(run.run_id) for run in runs]
            events = [record.event_log_entry for record in newest]
            answers[f"{name}: materialization of {district}"] = events, runs, steps
    answers["assets"] = {record.asset_entry.asset_key: record.asset_entry for record in instance.get_asset_records()}
    return answers
