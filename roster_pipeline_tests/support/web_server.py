"""Query the Dagster web server of this project by GraphQL. The runs that it launches are real."""

import asyncio
import time
from contextlib import contextmanager
from pathlib import Path

import httpx
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster_webserver.app import create_app_from_workspace_process_context

ROOT = Path(__file__).parents[2]
PATIENCE = 240
REPOSITORY = {"repositoryName": "__repository__", "repositoryLocationName": "roster_pipeline"}
REEXECUTE = """
mutation ($parent: String!, $strategy: ReexecutionStrategy!) {
  launchRunReexecution(reexecutionParams: {parentRunId: $parent, strategy: $strategy}) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""
LAUNCH = """
mutation ($params: ExecutionParams!) {
  launchPipelineExecution(executionParams: $params) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}
"""


class WebServer:
    """The actions of a user of the web server: read pages and press buttons."""

    def __init__(self, process, instance):
        self._process, self._instance = process, instance
        self._app = create_app_from_workspace_process_context(process)

    def ask(self, query, **variables):
        """Return the data of one GraphQL answer."""
        answer = asyncio.run(self._post({"query": query, "variables": variables}))
        assert "errors" not in answer, answer["errors"]
        return answer["data"]

    async def _post(self, question):
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app), base_url="http://web") as client:
            return (await client.post("/graphql", json=question, timeout=PATIENCE)).json()

    def remote_job(self, name):
        """Return a job as the web server sees it."""
        location = self._process.create_request_context().get_code_location("roster_pipeline")
        return location.get_repository("__repository__").get_full_job(name)

    def reexecute(self, run_id, strategy="ALL_STEPS"):
        """Press *Re-execute* and wait for the end. Return the new run."""
        answer = self.ask(REEXECUTE, parent=run_id, strategy=strategy)["launchRunReexecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return self._finish(answer["run"]["runId"])

    def materialize(self, district, *groups):
        """Press *Materialize selected* for the assets of some groups. Return the run after its end."""
        keys = self._process.create_request_context().get_code_location("roster_pipeline")
        graph = keys.get_repository("__repository__").asset_graph
        chosen = [key for key in graph.get_all_asset_keys() if graph.get(key).group_name in groups]
        selector = {
            **REPOSITORY,
            "pipelineName": "__ASSET_JOB",
            "assetSelection": [{"path": list(key.path)} for key in chosen],
        }
        tags = [{"key": "dagster/partition", "value": district.id}]
        params = {"selector": selector, "executionMetadata": {"tags": tags}, "runConfigData": {}}
        answer = self.ask(LAUNCH, params=params)["launchPipelineExecution"]
        assert answer["__typename"] == "LaunchRunSuccess", answer
        return self._finish(answer["run"]["runId"])

    def _finish(self, run_id):
        """Launch a queued run as the daemon would, and wait for its end."""
        self._instance.launch_run(run_id, self._process.create_request_context())
        until = time.monotonic() + PATIENCE
        while not (run := self._instance.get_run_by_id(run_id)).is_finished:
            assert time.monotonic() < until, f"{run_id} did not end in time"
            time.sleep(0.1)
        return run


@contextmanager
def served(instance):
    """Start a web server on an instance with storage. Its code servers have ended when the block has."""
    target = WorkspaceFileTarget([str(ROOT / "workspace.yaml")])
    with WorkspaceProcessContext(instance, target) as process:
        yield WebServer(process, instance)
    # A code server that looks for its last run in a database that a test has dropped never ends.
    process._grpc_server_registry.wait_for_processes()
