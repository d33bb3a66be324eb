"""A run of some steps, started in the UI, records no sync and publishes only the plan of a failed sync."""

import dagster as dg
import pytest
from dagster._core.definitions.job_base import InMemoryJob
from dagster._core.execution.api import execute_run_iterator

from roster_pipeline.damaged import moved_aside
from roster_pipeline.defs.alerts import failure_alerts
from roster_pipeline.defs.assets import ASSETS
from roster_pipeline.defs.partitions import OUTCOME_TAG, PARTITION_TAG
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.selection import ALL_STEPS, STEPS
from roster_pipeline.instance.run_process import failures_of
from roster_pipeline.land.warehouse import district_file
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.damage import damage
from roster_pipeline_tests.support.readers import difference, execute, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect

SYNCS = "select state from roster.syncs order by id"
REFUSE = "alter table roster.rosters add constraint nobody check (name <> 'Changed since')"
ALLOW = "alter table roster.rosters drop constraint nobody"


@pytest.fixture
def start(environment, instance, job):
    """Runs the assets of some groups for a district, as a button of the UI does; `again` is the run that it repeats."""

    def started(district, *groups, again=None):
        instance.add_dynamic_partitions("districts", [district.id])
        keys = frozenset(key for key in job.asset_layer.executable_asset_keys if key.path[0] in groups)
        repeats = {"parent_run_id": again.run_id, "root_run_id": again.root_run_id or again.run_id} if again else {}
        tags = {**(again.tags if again else {}), PARTITION_TAG: district.id}
        run = instance.create_run_for_job(job, asset_selection=keys, tags=tags, **repeats)
        list(execute_run_iterator(InMemoryJob(job), run, instance))
        return instance.get_run_by_id(run.run_id)

    return started


@pytest.fixture
def failed(valley, known_sync, sync, instance, product):
    """A run of a full sync of the valley that failed as it published; by now it would not."""
    known_sync(valley)
    section = valley.get("sections", valley.resources["sections"].ids()[0])
    valley.put("sections", section | {"name": "Changed since"})
    execute(product, REFUSE)
    assert sync(valley).exit_code != 0
    execute(product, ALLOW)
    assert query(product, SYNCS) == [("published",), ("failed",)]
    (run,) = instance.get_runs(limit=1)
    return run


FROM_PUBLISH = ("product",)


def refusal(instance, run):
    """The line with which a run was refused before anything of it was done."""
    assert run.status is dg.DagsterRunStatus.FAILURE
    assert not instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    (first, *_) = failures_of(instance, run)
    line = first.user_failure_data.description
    assert first.error.stack == []
    assert "\n" not in line
    assert run.tags[OUTCOME_TAG].startswith("failed: ")
    return line


def test_the_steps_are_those_of_the_assets():
    assert {asset.op.name for asset in ASSETS} == ALL_STEPS
    for asset in ASSETS:
        assert {STEPS[key.path[0]] for key in asset.keys} == {asset.op.name}


def test_rerun_from_publish_publishes_the_same_sync(valley, failed, start, product):
    again = start(valley, *FROM_PUBLISH, again=failed)
    assert again.status is dg.DagsterRunStatus.SUCCESS
    assert query(product, SYNCS) == [("published",), ("published",)]
    assert difference(expect(valley), published(product, valley.id)) == {}
    assert (again.tags["roster/trigger"], again.tags[OUTCOME_TAG]) == ("manual", "published")


def test_rerun_from_publish_works_after_a_second_failure(valley, failed, start, product):
    execute(product, REFUSE)
    again = start(valley, *FROM_PUBLISH, again=failed)
    assert query(product, SYNCS) == [("published",), ("failed",)]
    execute(product, ALLOW)
    assert start(valley, *FROM_PUBLISH, again=again).status is dg.DagsterRunStatus.SUCCESS
    assert query(product, SYNCS) == [("published",), ("published",)]


def test_rerun_of_an_old_or_published_sync_is_refused(valley, failed, start, quick_sync, product, instance):
    start(valley, *FROM_PUBLISH, again=failed)
    before = row_versions(product)
    (again,) = instance.get_runs(limit=1)
    assert "is already published" in refusal(instance, start(valley, *FROM_PUBLISH, again=again))
    execute(product, "update roster.syncs set state = 'failed' where id = (select max(id) from roster.syncs)")
    quick_sync(valley)
    assert "came after it" in refusal(instance, start(valley, *FROM_PUBLISH, again=again))
    assert row_versions(product) == before


def test_rerun_is_refused_if_the_file_holds_another_plan(valley, failed, start, instance, product):
    execute(product, "update roster.syncs set dagster_run_id = :run where state = 'published'", run="another")
    execute(product, "update roster.syncs set state = 'canceled' where state = 'failed'")
    execute(product, "update roster.syncs set uid = gen_random_uuid() where state = 'canceled'")
    assert "no longer kept" in refusal(instance, start(valley, *FROM_PUBLISH, again=failed))
    assert query(product, SYNCS) == [("published",), ("canceled",)]


def test_rerun_with_a_damaged_file_is_refused_and_moves_it_aside(valley, failed, start, quick_sync, instance, product):
    file = district_file(read_settings().districts_folder, valley.id)
    damage(file, "text")
    assert "is damaged" in refusal(instance, start(valley, *FROM_PUBLISH, again=failed))
    assert (file.exists(), len(moved_aside(file))) == (False, 1)
    assert query(product, SYNCS) == [("published",), ("failed",)]
    quick_sync(valley)


def test_partial_run_that_would_publish_opens_no_sync(valley, known_sync, start, instance, product, subtests):
    known_sync(valley)
    before = row_versions(product)
    for groups in (("product",), ("sync", "product"), ("raw", "product")):
        with subtests.test(groups):
            assert "Only a whole sync publishes" in refusal(instance, start(valley, *groups))
            assert query(product, SYNCS) == [("published",)]
            assert row_versions(product) == before


def test_rerun_of_reading_and_publishing_steps_is_refused(valley, failed, start, instance, product):
    before = row_versions(product)
    assert "Only a whole sync publishes" in refusal(instance, start(valley, "raw", *FROM_PUBLISH, again=failed))
    assert query(product, SYNCS) == [("published",), ("failed",)]
    assert row_versions(product) == before


def test_partial_run_that_publishes_nothing_succeeds(valley, known_sync, sync, start, product, subtests):
    known_sync(valley)
    for groups in (("raw",), ("marts", "intermediate")):
        with subtests.test(groups):
            run = start(valley, *groups)
            assert run.status is dg.DagsterRunStatus.SUCCESS
            assert query(product, SYNCS) == [("published",)]
            assert run.tags[OUTCOME_TAG].startswith("partial run, nothing published (")
    assert sync(valley).exit_code == 0


def test_refused_run_opens_no_alert(valley, known_sync, start, instance, product):
    known_sync(valley)
    start(valley, "product")
    with dg.build_sensor_context(instance=instance, resources={"product": Product()}) as context:
        assert failure_alerts(context).skip_message.startswith("0 alerts sent")
    assert query(product, "select count(*) from roster.alerts") == [(0,)]


def test_run_without_a_district_is_explained_in_one_line(valley, instance, job, environment):
    run = instance.create_run_for_job(job)
    list(execute_run_iterator(InMemoryJob(job), run, instance))
    assert "names no district" in refusal(instance, instance.get_run_by_id(run.run_id))
