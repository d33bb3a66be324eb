"""Dagster's records are pruned, and the UI shows the same of what stays."""

import json
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from roster_pipeline.cli.app import app
from roster_pipeline.definitions import build_definitions
from roster_pipeline.defs.launch import add_partition, dagster_instance, run_sync
from roster_pipeline.defs.resources import Product
from roster_pipeline.errors import CannotStart
from roster_pipeline.instance.record_pruning import count_expired_runs, open_records, prune_records
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.dagster_nights import Nights, read_records, record_freshness
from roster_pipeline_tests.support.readers import query

DAYS, NIGHTS = 4, 10
DISTRICTS = [letter * 24 for letter in "abc"]
ORPHANS = """
    select
        (select count(*) from roster_dagster.event_logs as event where run_id <> '' and not exists (
            select from roster_dagster.runs where run_id = event.run_id)),
        (select count(*) from roster_dagster.asset_event_tags as tag where not exists (
            select from roster_dagster.event_logs where id = tag.event_id))
"""


class LaterProduct(Product):
    """The product, some days later."""

    days: int

    def now(self):
        return datetime.now(UTC) + timedelta(days=self.days)


@pytest.fixture
def dagster(environment):
    with dagster_instance(read_settings()) as instance:
        yield instance


@pytest.fixture
def records(environment):
    with open_records(read_settings()) as engine:
        yield engine


@pytest.fixture
def record(dagster, job, valley):
    """Sync the district with Dagster's storage in PostgreSQL. Return the id of the run."""
    add_partition(dagster, valley.id)

    def recorded(mode="full"):
        return run_sync(dagster, job, valley.id, name=valley.name, mode=mode, on_step=lambda *_: None).run_id

    return recorded


@pytest.fixture
def nights(record, dagster, records, valley, clever):
    """Record a first sync, unchanged ones and a failed one. Return the nights, and the runs by these words."""
    runs = {"first": record(), "second": record(), "unchanged": record()}
    clever.go_wrong(("/v3.1/schools", 1, "401"))
    runs["failed"] = record()
    clever.go_wrong()
    record_freshness(dagster)
    for district in DISTRICTS:
        add_partition(dagster, district)
    return Nights(records, dagster, valley.id, datetime.now(UTC)), runs


def copy_nights(nights, runs, numbers, after=lambda _night: None):
    """Copy some nights of the districts. The second district fails at every third night."""
    usual = {0: "first", 1: "second"}
    for number in numbers:
        outcomes = [usual.get(number, "unchanged")] * len(DISTRICTS)
        if number % 3 == 2:
            outcomes[1] = "failed"
        night = nights.recorded_at + timedelta(days=number + 1)
        nights.copy_night(night, dict(zip(DISTRICTS, map(runs.get, outcomes), strict=True)))
        after(night)


def prune(night):
    return prune_records(read_settings(), night - timedelta(days=DAYS))


def test_ui_shows_the_same_of_what_stays(nights, dagster, valley, product):
    nights, runs = nights
    copy_nights(nights, runs, range(NIGHTS))
    before, rows = read_records(dagster, [*DISTRICTS, valley.id]), nights.count_rows()
    counts = prune(nights.recorded_at + timedelta(days=NIGHTS))
    assert read_records(dagster, [*DISTRICTS, valley.id]) == before
    assert {kind for kind, count in counts.items() if count == 0} == set()
    left = nights.count_rows()
    assert {table: rows[table] > left[table] for table in rows} == dict.fromkeys(rows, True)
    assert query(product, ORPHANS) == [(0, 0)]


def test_records_stop_growing_after_the_period(nights):
    nights, runs = nights
    sizes = []

    def prune_and_count(night):
        prune(night)
        sizes.append(nights.count_rows())

    copy_nights(nights, runs, range(NIGHTS), prune_and_count)
    of_a_cycle = sizes[-1 - 3], sizes[-1]  # the failures repeat every three nights
    assert of_a_cycle[0] == of_a_cycle[1]


def test_newest_unfinished_and_repeated_runs_stay(nights, dagster):
    nights, runs = nights
    repeated, unfinished = runs["unchanged"], dagster.create_run_for_job(dg.GraphDefinition("job").to_job()).run_id
    copy_nights(nights, runs, range(NIGHTS))
    tag = {"dagster/parent_run_id": repeated}
    dagster.create_run_for_job(dg.GraphDefinition("other").to_job(), tags=tag)
    prune(nights.recorded_at + timedelta(days=1_000))

    assert all(map(dagster.get_run_by_id, (repeated, unfinished)))
    of_districts = [dagster.get_runs(dg.RunsFilter(tags={"dagster/partition": district})) for district in DISTRICTS]
    # The first and the second sync have the newest materializations, and the third one is the newest run.
    successes = ["SUCCESS"] * 3
    statuses = [sorted(run.status.value for run in runs) for runs in of_districts]
    assert statuses == [successes, ["FAILURE", *successes], successes]


def test_command_shows_what_is_due_and_prunes_it(record, dagster, records, valley):
    runs = {"unchanged": record()}
    copy_nights(Nights(records, dagster, valley.id, datetime.now(UTC)), runs, [-99, -98, -96])
    due = {"dagster_records": 2 * len(DISTRICTS)}
    shown = CliRunner().invoke(app, ["retention", "--json"])
    erased = CliRunner().invoke(app, ["retention", "--erase", "--json"])
    assert due.items() <= json.loads(shown.stdout)["due"].items()
    assert due.items() <= json.loads(erased.stdout)["erased"].items()
    assert count_expired_runs(read_settings(), datetime.now(UTC) - timedelta(days=30)) == 0


def test_job_prunes_its_own_runs(dagster):
    for days in (0, 31, 62):
        job = build_definitions({"product": LaterProduct(days=days)}).resolve_job_def("prune_records")
        assert job.execute_in_process(instance=dagster).success
    assert len(dagster.get_runs(dg.RunsFilter(job_name="prune_records"))) == 2


def test_unknown_version_of_the_tables_is_refused(dagster, records):
    with records.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = 'ffffffffffff'"))
    with pytest.raises(CannotStart, match=r"have version ffffffffffff.* No record was deleted") as refused:
        prune(datetime.now(UTC))
    assert "\n" not in str(refused.value)
