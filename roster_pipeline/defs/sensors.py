"""What is watched: connected districts become partitions, and Update Roster requests become runs."""

from collections.abc import Iterator

import dagster as dg

from roster_pipeline.defs.jobs import sync_roster
from roster_pipeline.defs.partitions import DISTRICTS, URGENT, districts, run_tags
from roster_pipeline.defs.resources import Product
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connected_districts
from roster_pipeline.refresh import waiting_requests


@dg.sensor(
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Every connected district is a partition.",
    job=sync_roster,
)
def district_partitions(context: dg.SensorEvaluationContext, product: Product) -> dg.SensorResult | dg.SkipReason:
    """A district connected elsewhere appears here within half a minute. One that leaves keeps its history."""
    with transaction(product.engine()) as pg:
        connected = set(connected_districts(pg))
    missing = sorted(connected - set(context.instance.get_dynamic_partitions(DISTRICTS)))
    if not missing:
        return dg.SkipReason(f"All {len(connected)} connected districts are partitions.")
    return dg.SensorResult(dynamic_partitions_requests=[districts.build_add_request(missing)])


@dg.sensor(
    job=sync_roster,
    minimum_interval_seconds=5,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Update Roster: each press that waits becomes a run of its district, ahead of the nightly ones.",
)
def refresh_requests(product: Product) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run for all that wait for a district. A press during a run is a later request, and so a later run."""
    with transaction(product.engine()) as pg:
        waiting = waiting_requests(pg)
    if not waiting:
        yield dg.SkipReason("No Update Roster request waits.")
    for request in waiting:
        yield dg.RunRequest(
            run_key=f"refresh/{request.newest_id}",
            partition_key=request.district_id,
            tags=run_tags("manual", request.district_name) | URGENT,
        )
