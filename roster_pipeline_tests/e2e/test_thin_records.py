"""What the sync of a district leaves in Dagster's tables, and what the UI shows of it."""

import dagster as dg
import pytest

from roster_pipeline.defs.launch import add_partition, dagster_instance, run_sync
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import execute, query

EVENTS = """
    select count(*), sum(length(event)) from roster_dagster.event_logs where run_id = :run_id
"""
OF_TYPE = "select count(*) from roster_dagster.event_logs where run_id = :run_id and dagster_event_type = :type"
CHECKS = "select execution_status, count(*) from roster_dagster.asset_check_executions group by 1 order by 1"
OF_EVENTS, NEWEST = " where check_name = 'events_complete'", " order by id desc limit 1"
MOST_EVENTS, MOST_BYTES = 100, 100_000
REFUSE = "alter table roster.rosters add constraint nobody check (name <> 'Changed since')"
ALLOW = "alter table roster.rosters drop constraint nobody"


@pytest.fixture
def dagster(environment):
    with dagster_instance(read_settings()) as instance:
        yield instance


@pytest.fixture
def record(dagster, job, valley):
    """Sync the district with Dagster's storage in PostgreSQL. Return how the run ended."""
    add_partition(dagster, valley.id)

    def recorded(mode="full"):
        quiet = {"name": valley.name, "on_step": lambda _asset, _metadata: None}
        return run_sync(dagster, job, valley.id, mode=mode, **quiet)

    return recorded


def find_failed(dagster, district):
    """Return the assets whose partition the UI shows as failed or in progress."""
    storage = dagster.event_log_storage
    return {
        key
        for key in dagster.all_asset_keys()
        if district.id in storage.get_latest_asset_partition_materialization_attempts_without_materializations(key)
    }


def rename_a_class(district):
    section = district.get("sections", district.resources["sections"].ids()[0])
    district.put("sections", section | {"name": "Changed since"})


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_an_unchanged_district_leaves_few_events(record, dagster, job, valley, product, mode):
    record()
    record()  # the first sync makes the accounts, which the second one reads
    partitions = {key: dagster.get_materialized_partitions(key) for key in job.asset_layer.executable_asset_keys}
    ((events, size),) = query(product, EVENTS, run_id=record(mode).run_id)

    assert (events <= MOST_EVENTS, size <= MOST_BYTES) == (True, True)
    assert set(map(frozenset, partitions.values())) == {frozenset({valley.id})}
    assert {key: dagster.get_materialized_partitions(key) for key in partitions} == partitions
    assert find_failed(dagster, valley) == set()
    assert "PLANNED" not in dict(query(product, CHECKS))


def test_tables_that_changed_are_materialized_again(record, dagster, valley):
    record()
    record()
    rename_a_class(valley)
    run_id = record().run_id
    entries = dagster.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    written = {entry.dagster_event.asset_key.to_user_string() for entry in entries}

    assert {"raw/sections", "staging/stg_sections", "marts/rosters", "product/rosters"} <= written
    assert not {"raw/students", "staging/stg_students", "marts/org_memberships"} & written


def test_a_delta_that_only_deletes_is_recorded(record, dagster, valley):
    record()
    users = valley.resources["users"].items()
    student_id = next(key for key, user in users if "student" in user["roles"])
    valley.remove("users", student_id)
    run_id = record("delta").run_id
    entries = dagster.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)

    assert "raw/students" in {entry.dagster_event.asset_key.to_user_string() for entry in entries}


def test_a_check_that_failed_passes_again(record, product):
    record()
    record()
    execute(product, "update roster_dagster.asset_check_executions set execution_status = 'FAILED'" + OF_EVENTS)
    record()
    last = query(product, "select execution_status from roster_dagster.asset_check_executions" + OF_EVENTS + NEWEST)
    assert last == [("SUCCEEDED",)]


def test_a_failed_partition_is_good_again_after_a_sync(record, dagster, valley, clever):
    record()
    clever.go_wrong(("/v3.1/schools", 1, "401"))
    assert record().exit_code != 0
    assert len(find_failed(dagster, valley)) > 30

    clever.go_wrong()
    assert record().exit_code == 0
    assert find_failed(dagster, valley) == set()


def test_a_failed_run_keeps_what_its_repetition_needs(record, valley, product):
    record()
    rename_a_class(valley)
    execute(product, REFUSE)
    failed = record()
    execute(product, ALLOW)
    succeeded = record()

    def count(run_id, kind):
        return query(product, OF_TYPE, run_id=run_id, type=kind)[0][0]

    for kind in ("STEP_OUTPUT", "ASSET_MATERIALIZATION_PLANNED", "ASSET_CHECK_EVALUATION_PLANNED"):
        assert count(failed.run_id, kind) > 20
        assert count(succeeded.run_id, kind) == 0
