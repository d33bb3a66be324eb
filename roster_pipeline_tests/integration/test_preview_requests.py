"""A request for a fix list starts one preview and is answered when the preview has ended."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from roster_pipeline.defs.preview_sensor import preview_requests
from roster_pipeline.defs.resources import Product
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.preview_requests import file_preview
from roster_pipeline_tests.support.readers import execute, query

STATE = "select kind, state from roster.refresh_requests"


@pytest.fixture
def tick(valley, product):
    """File a request, and return a function that evaluates the sensor."""
    account = execute(product, "insert into roster.accounts (role) values ('admin') returning id")
    own = query(product, "select id from roster.organizations")[0][0]
    with transaction(product) as pg:
        file_preview(pg, own, account, datetime.now(UTC))
    with dg.DagsterInstance.ephemeral() as instance:

        def run():
            with dg.build_sensor_context(instance=instance, resources={"product": Product(patience=0)}) as context:
                return list(preview_requests(context))

        run.instance = instance
        yield run


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        (dg.DagsterRunStatus.SUCCESS, "published"),
        (dg.DagsterRunStatus.FAILURE, "failed"),
        (dg.DagsterRunStatus.CANCELED, "canceled"),
    ],
)
def test_request_is_answered_when_its_preview_has_ended(tick, valley, product, status, answer):
    (request,) = tick()
    assert (request.partition_key, query(product, STATE)) == (valley.id, [("preview", "running")])

    tick.instance.add_run(
        dg.DagsterRun(job_name="plan_roster", status=status, tags={"dagster/run_key": request.run_key})
    )
    assert isinstance(tick()[0], dg.SkipReason)
    assert query(product, STATE) == [("preview", answer)]
    assert isinstance(tick()[0], dg.SkipReason)


def test_request_without_a_run_is_started_under_the_same_key(tick):
    assert tick()[0].run_key == tick()[0].run_key
