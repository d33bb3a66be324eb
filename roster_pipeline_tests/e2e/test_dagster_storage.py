"""Dagster's storage: what it caches of the database, and the file that configures it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
import sqlalchemy as sa
from dagster._core.remote_origin import (
    ManagedGrpcPythonEnvCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.types.loadable_target_origin import LoadableTargetOrigin
from dagster_postgres import PostgresEventLogStorage

from roster_pipeline.defs.launch import add_partition, dagster_instance, prepare_home, run_sync
from roster_pipeline.defs.partitions import DISTRICTS
from roster_pipeline.settings import read_settings

ROOT = Path(__file__).parents[2]
VERSION = "dagster/data_version"
VALLEY, HAMLET = "5" * 24, "6" * 24


@pytest.fixture
def dagster(environment):
    with dagster_instance(read_settings()) as instance:
        yield instance


@pytest.fixture
def events(dagster):
    return dagster.event_log_storage


@pytest.fixture
def statements(events):
    """What is sent to the server from now on."""
    sent = []

    @sa.event.listens_for(events._engine, "before_cursor_execute")
    def _listen(_connection, _cursor, statement, *_):
        sent.append(statement)

    return sent


def test_known_partition_is_not_looked_up_again(events, statements):
    events.add_dynamic_partitions(DISTRICTS, [VALLEY])
    assert events.has_dynamic_partition(DISTRICTS, VALLEY)
    asked = len(statements)

    assert events.has_dynamic_partition(DISTRICTS, VALLEY)

    assert len(statements) == asked


def test_missing_partition_is_found_once_it_is_added(events):
    assert not events.has_dynamic_partition(DISTRICTS, VALLEY)

    events.add_dynamic_partitions(DISTRICTS, [VALLEY])

    assert events.has_dynamic_partition(DISTRICTS, VALLEY)
    assert not events.has_dynamic_partition(DISTRICTS, HAMLET)


def test_deleted_partition_is_gone(events):
    events.add_dynamic_partitions(DISTRICTS, [VALLEY])
    assert events.has_dynamic_partition(DISTRICTS, VALLEY)

    events.delete_dynamic_partition(DISTRICTS, VALLEY)

    assert not events.has_dynamic_partition(DISTRICTS, VALLEY)


def test_run_looks_up_tables_once_and_keeps_data_versions(dagster, events, statements, valley, job):
    add_partition(dagster, valley.id)
    ended = run_sync(dagster, job, valley.id, name=valley.name, on_step=lambda _asset, _metadata: None)

    assert ended.exit_code == 0
    assert 0 < len([one for one in statements if "pg_class.relname" in one]) < 10
    for key in job.asset_layer.executable_asset_keys:
        asked = (key, dg.DagsterEventType.ASSET_MATERIALIZATION, [VERSION], [valley.id])
        found = PostgresEventLogStorage.get_latest_tags_by_partition(events, *asked)
        assert found[valley.id][VERSION]
        assert events.get_latest_tags_by_partition(*asked) == found


def test_preparing_the_instance_again_disturbs_no_reader(environment):
    file = prepare_home(read_settings()) / "dagster.yaml"
    first = file.stat()

    prepare_home(read_settings())
    assert (file.stat().st_ino, file.stat().st_mtime_ns) == (first.st_ino, first.st_mtime_ns)

    file.write_text("# of another version")
    assert prepare_home(read_settings()).joinpath("dagster.yaml").read_bytes() == (ROOT / "dagster.yaml").read_bytes()
    assert [path.name for path in file.parent.iterdir()] == ["dagster.yaml"]


def test_new_home_of_dagster_belongs_to_its_owner_alone(environment):
    assert prepare_home(read_settings()).stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(("days", "stays"), [(-1, True), (400, False)])
def test_daemon_times_in_the_future_count_as_unknown(dagster, days, stays):
    schedules, at = dagster.schedule_storage, (datetime.now(UTC) + timedelta(days=days)).timestamp()
    location = ManagedGrpcPythonEnvCodeLocationOrigin(
        LoadableTargetOrigin(module_name="roster_pipeline.definitions"), "roster_pipeline"
    )
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), "catch_up")
    data = SensorInstigatorData(last_tick_timestamp=at, last_tick_start_timestamp=at, cursor="kept")
    state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data)
    schedules.add_instigator_state(state)
    names = (origin.get_id(), state.selector_id)
    schedules.create_tick(
        TickData(names[0], "catch_up", InstigatorType.SENSOR, TickStatus.SUCCESS, at, run_ids=[], selector_id=names[1])
    )

    for read in (schedules.get_instigator_state(*names), *schedules.all_instigator_state()):
        kept = at if stays else None
        assert read.instigator_data == data._replace(last_tick_timestamp=kept, last_tick_start_timestamp=kept)
    assert len(schedules.get_ticks(*names, limit=1)) == stays
