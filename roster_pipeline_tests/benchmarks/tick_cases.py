"""Measure the ticks of sensors in a product with many districts and their syncs. `ticks` compares them."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from time import perf_counter

import dagster as dg
import sqlalchemy as sa
from sqlalchemy import Engine

from roster_pipeline.defs.alerts import failure_alerts, hold_alerts
from roster_pipeline.defs.launch import dagster_instance
from roster_pipeline.defs.partitions import DISTRICTS as PARTITIONS
from roster_pipeline.defs.preview_sensor import preview_requests
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.sensors import catch_up, district_partitions, refresh_requests
from roster_pipeline.embedded import stop_if_last
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.settings import read_settings
from roster_pipeline.syncs.schedule_policy import list_candidates
from roster_pipeline_tests.benchmarks.measure import report
from roster_pipeline_tests.benchmarks.ticks import CATCH_UP, NIGHTS, NOTHING, QUERY, UNINDEXED

TIMES = 7
"""How often each tick is measured. The fastest counts."""
DISTRICTS = """
    insert into roster.organizations (clever_district_id, name, tier, last_full_read_at)
    select lpad(number::text, 24, '0'), 'District ' || number, 'secure_sync', now()
    from generate_series(1, :districts) as number
"""
SYNCS = """
    insert into roster.syncs (organization_id, dagster_run_id, trigger, state, counts, started_at, finished_at)
    select organization.id, gen_random_uuid()::text, 'nightly', sync.state, '{"summary": "None"}', sync.at, sync.at
    from roster.organizations as organization
    cross join lateral (
        select
            now() - night * interval '1 day' as at,
            -- One district in twenty has failed since three nights, and others fail now and then.
            case
                when organization.id % 20 = 0 and night < 3 or (organization.id + night) % 50 = 0 then 'failed'
                else 'published'
            end as state
        from generate_series(:nights - 1, 0, -1) as night
    ) as sync
    order by sync.at
"""
ALERTS = """
    insert into roster.alerts (organization_id, kind, sync_id)
    select organization_id, 'failing', id from (
        select distinct on (organization_id) organization_id, id, state from roster.syncs
        order by organization_id, id desc
    ) as last
    where state = 'failed'
"""
"""The alerts about the failing districts. They were sent."""
WITHOUT_INDEXES = "drop index roster.syncs_organization_id_id_idx, roster.syncs_running"


@dg.sensor(name=NOTHING, job_name="sync_roster")
def nothing(product: Product) -> dg.SkipReason:
    """Connect to the product, as each sensor does, and request nothing."""
    with transaction(product.engine()):
        return dg.SkipReason("Nothing.")


SENSORS = (
    nothing,
    catch_up,
    district_partitions,
    refresh_requests,
    preview_requests,
    failure_alerts,
    hold_alerts,
)
"""The sensors that read the districts or their syncs. `snapshot_news` reads the analysts' database too."""


def measure_ticks(districts: int, nights: int) -> None:
    """Fill a product with districts and their syncs, and evaluate each sensor some times."""
    settings = read_settings()
    engine = open_product(settings)
    try:
        ids = _fill(engine, districts, nights)
        with dagster_instance(settings) as instance:
            instance.add_dynamic_partitions(PARTITIONS, ids)
            seconds = {sensor.name: _measure_sensor(instance, sensor) for sensor in SENSORS}
        seconds[QUERY] = _measure(partial(_list_candidates, engine))
        if districts == min(NIGHTS):
            with transaction(engine) as pg:
                pg.execute(sa.text(WITHOUT_INDEXES))
            seconds[UNINDEXED] = _measure(partial(_list_candidates, engine), times=1)
    finally:
        engine.dispose()
        stop_if_last(settings)
    report(seconds[CATCH_UP], ticks=seconds)


def _fill(engine: Engine, districts: int, nights: int) -> list[str]:
    """Add districts and their syncs, and return the ids of the districts."""
    with transaction(engine) as pg:
        pg.execute(sa.text(DISTRICTS), {"districts": districts})
        pg.execute(sa.text(SYNCS), {"nights": nights})
        pg.execute(sa.text(ALERTS))
        ids = list(pg.execute(sa.text("select clever_district_id from roster.organizations")).scalars())
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as pg:
        pg.execute(sa.text("vacuum analyze"))
    return ids


def _measure_sensor(instance: dg.DagsterInstance, sensor: dg.SensorDefinition) -> float:
    """Return the seconds of a tick after the first one, which reports the check."""
    cursors: list[str | None] = [None]

    def tick() -> None:
        resources = {"product": Product(patience=0)}
        with dg.build_sensor_context(instance, cursor=cursors[-1], resources=resources) as context:
            cursors.append(sensor.evaluate_tick(context).cursor)

    tick()
    return _measure(tick)


def _list_candidates(engine: Engine) -> None:
    with transaction(engine) as pg:
        list_candidates(pg, datetime.now(UTC))


def _measure(call: Callable[[], None], times: int = TIMES) -> float:
    """Return the seconds of the fastest of some calls."""
    seconds = []
    for _ in range(times):
        began = perf_counter()
        call()
        seconds.append(perf_counter() - began)
    return min(seconds)


CASES = {measure_ticks.__name__: measure_ticks}

if __name__ == "__main__":
    CASES[sys.argv[1]](**json.loads(sys.argv[2]))
