"""Every run and every check result names its district. A run also has its trigger and its outcome."""

import sys

import dagster as dg
import pytest
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator
from dagster._core.origin import JobPythonOrigin, RepositoryPythonOrigin
from dagster._utils.hosted_user_process import recon_job_from_origin

from roster_pipeline.definitions import defs
from roster_pipeline.defs.alerts import failure_alerts
from roster_pipeline.defs.freshness import FRESH
from roster_pipeline.defs.partitions import DISTRICT_TAG, OUTCOME_TAG, PARTITION_TAG, TRIGGER_TAG
from roster_pipeline.defs.resources import Product
from roster_pipeline_tests.support.readers import execute


def said(run):
    return tuple(run.tags.get(tag) for tag in (DISTRICT_TAG, TRIGGER_TAG, OUTCOME_TAG))


@pytest.fixture
def launch(environment, instance):
    """Runs a job without any tag but those that Dagster's own UI gives it; `as_launched`: loaded as a process does."""

    def launched(job, *, as_launched=False, **given):
        run = instance.create_run_for_job(job, **given)
        place = RepositoryPythonOrigin(sys.executable, ModuleCodePointer("roster_pipeline.definitions", "defs"))
        loaded = recon_job_from_origin(JobPythonOrigin(job.name, place)) if as_launched else InMemoryJob(job)
        list(execute_run_iterator(loaded, run, instance))
        return instance.get_run_by_id(run.run_id)

    return launched


def test_check_results_name_their_own_district(valley, hamlet, sync, instance):
    for district in (valley, hamlet):
        sync(district)
        (run,) = instance.get_runs(limit=1)
        entries = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        results = [entry.dagster_event.event_specific_data for entry in entries]
        assert len(results) > 20
        for result in results:
            assert (result.metadata["district"].value, result.metadata["district_id"].value) == (
                district.name,
                district.id,
            )
            assert result.description.startswith(f"{district.name} ({district.id}) ")


def test_run_without_tags_gets_them_when_it_ends(valley, job, launch, instance):
    instance.add_dynamic_partitions("districts", [valley.id])
    tags = {PARTITION_TAG: valley.id}
    assert said(launch(job, tags=tags)) == (valley.name, "manual", "published")
    plan = defs.resolve_job_def("plan_roster")
    config = plan.partitioned_config.get_run_config_for_partition_key(valley.id)
    assert said(launch(plan, tags=tags, run_config=config)) == (valley.name, "manual", "planned, nothing written")


def test_tag_of_a_failed_sync_names_the_cause(valley, sync, instance, clever):
    clever.go_wrong(("/v3.1/schools", 1, "401"))
    sync(valley)
    (run,) = instance.get_runs(limit=1)
    name, trigger, outcome = said(run)
    assert (name, trigger) == (valley.name, "cli")
    assert outcome.startswith("failed: ")
    assert valley.token not in outcome


def test_batch_started_by_hand_gets_tags(valley, launch, product):
    evening = {"districts": [valley.id], "evening": "2026-11-03T20:30:00+00:00"}
    execute(product, "update roster.organizations set state = 'paused'")
    config = {"ops": {"sync_districts": {"config": evening}}}
    run = launch(defs.resolve_job_def("sync_batch"), as_launched=True, run_config=config)
    assert said(run) == ("1 district", "manual", "no district failed")


def test_freshness_run_started_by_hand_gets_tags(valley, launch):
    fresh = {dg.AssetCheckKey(dg.AssetKey(["product", "rosters"]), FRESH)}
    assets = defs.resolve_implicit_global_asset_job_def()
    run = launch(assets.get_subset(asset_selection=frozenset(), asset_check_selection=fresh))
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert said(run) == ("all districts", "manual", "done")


@pytest.mark.parametrize(
    ("status", "tags", "outcome"),
    [
        ("CANCELED", {}, "stopped by a person"),
        ("FAILURE", {}, "failed: the run could not start, or its process was killed"),
        ("FAILURE", {OUTCOME_TAG: "running"}, "failed: the run could not start, or its process was killed"),
    ],
)
def test_sensor_tags_a_run_whose_process_could_not(valley, product, environment, instance, status, tags, outcome):
    own = {PARTITION_TAG: valley.id}
    run = dg.DagsterRun("plan_roster", status=dg.DagsterRunStatus[status], tags=tags | own)
    instance.add_run(run)
    with dg.build_sensor_context(instance=instance, resources={"product": Product()}) as context:
        failure_alerts(context)
    assert said(instance.get_run_by_id(run.run_id)) == (valley.name, "manual", outcome)
