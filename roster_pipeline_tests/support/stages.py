"""Run syncs through `roster_pipeline.pipeline` without Dagster, for tests and benchmarks of the stages."""

from contextlib import contextmanager
from datetime import UTC, datetime
from time import perf_counter
from unittest.mock import patch
from uuid import uuid4

from roster_pipeline import pipeline
from roster_pipeline.snapshot import renew_snapshot
from roster_pipeline.sync_context import SyncRequest

STAGES = ("ingest", "stage", "load_current", "reconcile", "plan", "publish")


def sync_request(settings, product, district_id, **more):
    """Return a sync request with a new run id."""
    return SyncRequest(settings, product, district_id, uuid4().hex, **more)


def sync_by_stages(settings, product, district_id, *, mode="full", snapshot=False, took=None, **more):
    """Sync one district. Return the plan that was published.

    Args:
        snapshot: bring the district up to date in the analysts' database too.
        took: a dict that the seconds of each stage are added to.
        more: of the request, such as `limits`.
    """
    request = sync_request(settings, product, district_id, **more)
    with timed_stages(took):
        return pipeline.run_sync(request, mode=mode, with_snapshot=snapshot)


def preview_by_stages(settings, product, district_id):
    """Plan a sync of one district on a copy of its file, as a preview does. The product stays as it is."""
    with pipeline.open_sync(sync_request(settings, product, district_id, is_preview=True)) as sync:
        pipeline.ingest(sync, mode="full")
        pipeline.stage(sync)
        pipeline.load_current(sync)
        pipeline.reconcile(sync)
        pipeline.plan(sync)


@contextmanager
def timed_stages(took):
    """Add the seconds of each stage to `took`. None measures nothing."""
    if took is None:
        yield
        return

    def timed(name):
        stage = getattr(pipeline, name)

        def run(*arguments, **more):
            began = perf_counter()
            result = stage(*arguments, **more)
            took[name] = took.get(name, 0.0) + perf_counter() - began
            return result

        return run

    with patch.multiple(pipeline, **{name: timed(name) for name in STAGES}):
        yield


def leave_snapshot(settings, product):
    """Update the analysts' database to the state of the product."""
    return renew_snapshot(settings, product, at=datetime.now(UTC))
