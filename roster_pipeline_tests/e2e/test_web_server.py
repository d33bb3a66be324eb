"""Pages and buttons of Dagster's web server, for runs of commands, of the night and of the UI."""

import dagster as dg
import pytest

from roster_pipeline.defs.launch import dagster_instance, prepare_home
from roster_pipeline.defs.partitions import DISTRICT_TAG, OUTCOME_TAG, TRIGGER_TAG
from roster_pipeline.defs.selection import STEPS
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import difference, execute, published, query
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.web_server import served

REFUSE = "alter table roster.rosters add constraint nobody check (name <> 'Changed since')"
ALLOW = "alter table roster.rosters drop constraint nobody"
STATES = "select state from roster.syncs order by id"
PAGES = """
query ($repository: String!, $since: Float!) {
  timeline: repositoryOrError(
    repositorySelector: {repositoryName: "__repository__", repositoryLocationName: "roster_pipeline"}
  ) { ... on Repository { jobs { name runs(limit: 10) { runId } } } }
  filtered: runsOrError(
    filter: {tags: [{key: ".dagster/repository", value: $repository}], updatedAfter: $since}
  ) { ... on Runs { results { runId repositoryOrigin { repositoryLocationName } } } }
}
"""


@pytest.fixture
def instance(environment, monkeypatch):
    """The Dagster of an installation, which outlives its processes."""
    monkeypatch.setenv("DAGSTER_HOME", str(prepare_home(read_settings())))
    with dagster_instance(read_settings()) as kept:
        yield kept


@pytest.fixture
def web(instance):
    with served(instance) as server:
        yield server


def last_run(instance):
    (run,) = instance.get_runs(dg.RunsFilter(job_name="sync_roster"), limit=1)
    return run


def test_run_of_a_command_is_listed_and_can_be_repeated(valley, sync, web, instance, product):
    assert sync(valley).exit_code == 0
    made = last_run(instance)
    job = web.remote_job("sync_roster")
    assert made.remote_job_origin == job.get_remote_origin()
    code, its = made.job_code_origin.repository_origin, job.get_python_origin().repository_origin
    assert (code.executable_path, code.code_pointer.module) == (its.executable_path, its.code_pointer.module)
    pages = web.ask(PAGES, repository="__repository__@roster_pipeline", since=0.0)
    assert {one["name"]: [run["runId"] for run in one["runs"]] for one in pages["timeline"]["jobs"]} == {
        **{
            name: []
            for name in (
                "__ASSET_JOB",
                "forget_on_time",
                "plan_roster",
                "prune_records",
                "renew_snapshot",
                "sync_batch",
            )
        },
        "sync_roster": [made.run_id],
    }
    assert [run["runId"] for run in pages["filtered"]["results"]] == [made.run_id]
    again = web.reexecute(made.run_id)
    assert again.status is dg.DagsterRunStatus.SUCCESS
    assert query(product, STATES) == [("published",), ("published",)]


def test_buttons_of_a_failed_sync_work_or_refuse(valley, sync, web, instance, product):
    sync(valley)
    section = valley.get("sections", valley.resources["sections"].ids()[0])
    valley.put("sections", section | {"name": "Changed since"})
    execute(product, REFUSE)
    sync(valley)
    failed = last_run(instance)
    execute(product, ALLOW)
    again = web.reexecute(failed.run_id, "FROM_FAILURE")
    assert again.status is dg.DagsterRunStatus.SUCCESS
    assert (again.tags[TRIGGER_TAG], again.tags[OUTCOME_TAG]) == ("manual", "published")
    assert query(product, STATES) == [("published",), ("published",)]
    assert difference(expect(valley), published(product, valley.id)) == {}
    refused = web.materialize(valley, "product")
    assert refused.status is dg.DagsterRunStatus.FAILURE
    assert refused.tags[OUTCOME_TAG].startswith("failed: Only a whole sync publishes")
    assert web.reexecute(refused.run_id, "FROM_FAILURE").status is dg.DagsterRunStatus.FAILURE
    looked = web.materialize(valley, "raw")
    assert looked.status is dg.DagsterRunStatus.SUCCESS
    assert (looked.tags[DISTRICT_TAG], looked.tags[TRIGGER_TAG]) == (valley.name, "manual")
    assert query(product, STATES) == [("published",), ("published",)]


def test_materialize_all_is_a_sync_of_the_district(valley, web, instance, product):
    instance.add_dynamic_partitions("districts", [valley.id])
    run = web.materialize(valley, *STEPS)
    assert run.status is dg.DagsterRunStatus.SUCCESS
    assert [run.tags.get(tag) for tag in (DISTRICT_TAG, TRIGGER_TAG, OUTCOME_TAG)] == [
        *(valley.name, "manual", "published"),
    ]
    assert query(product, STATES) == [("published",)]
