"""Simulate many nights of many districts in Dagster's tables, and prune them after each night. `records` compares."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

import dagster as dg
import httpx

from roster_pipeline.definitions import defs
from roster_pipeline.defs.launch import add_partition, dagster_instance, run_sync
from roster_pipeline.embedded import stop_if_last
from roster_pipeline.instance.record_pruning import open_records, prune_records
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.sandbox.api.server import running_sandbox
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.benchmarks.daemon import small_districts
from roster_pipeline_tests.benchmarks.figures import environment
from roster_pipeline_tests.benchmarks.measure import MEGABYTE, report
from roster_pipeline_tests.benchmarks.records import PERIOD_DAYS
from roster_pipeline_tests.support.dagster_nights import Nights, read_records, record_freshness

CHANGED_EVERY, FAILED_EVERY = 7, 30
"""Each district has other data in one of so many nights, and fails in one of so many."""
SHOWN = 10
"""The districts whose materializations are compared. Partitions and checks of all districts are compared."""


def prune_nights(nights: int, districts: int, home: str) -> None:
    """Copy recorded runs to each night and district, and prune after each night."""
    sizes, seconds = [], []
    with recorded_nights(Path(home)) as (simulated, runs):
        ids = [f"{number:024x}" for number in range(1, districts + 1)]
        for number in range(nights):
            night = simulated.recorded_at + timedelta(days=number + 1)
            outcomes = [outcome_of(number, district) for district in range(districts)]
            simulated.copy_night(night, dict(zip(ids, map(runs.get, outcomes), strict=True)))
            before = read_records(simulated.instance, ids[:SHOWN]) if number == nights - 1 else None
            began = perf_counter()
            prune_records(read_settings(), night - timedelta(days=PERIOD_DAYS))
            seconds.append(perf_counter() - began)
            sizes.append(simulated.measure_bytes() / MEGABYTE)
        is_same = read_records(simulated.instance, ids[:SHOWN]) == before
        rows = simulated.count_rows()
    report(sum(seconds), sizes_mb=sizes, prune_seconds=seconds, is_same=is_same, answers=len(before), rows=rows)


def outcome_of(night: int, district: int) -> str:
    """Return which recorded run a district has in a night."""
    if night < 2:
        return ("first", "second")[night]
    if (night + district) % FAILED_EVERY == 0:
        return "failed"
    return "changed" if (night + district) % CHANGED_EVERY == 0 else "unchanged"


@contextmanager
def recorded_nights(home: Path) -> Iterator[tuple[Nights, dict[str, str]]]:
    """Sync a small district through Dagster. Yield its nights, and the runs by the words of `outcome_of`."""
    (district,) = small_districts(1)
    with running_sandbox([district]) as address:
        os.environ |= environment(address.url, home)
        settings = read_settings()
        try:
            with dagster_instance(settings) as instance, open_records(settings) as dagster:
                runs = record_runs(instance, district, address.url)
                record_freshness(instance)
                yield Nights(dagster, instance, district.id, datetime.now(UTC)), runs
        finally:
            stop_if_last(settings)


def record_runs(instance: dg.DagsterInstance, district: SandboxDistrict, clever_url: str) -> dict[str, str]:
    """Record a first and a second sync, an unchanged one, one of a changed class and person, and a failed one."""
    with transaction(open_product(read_settings())) as pg:
        connect_district(pg, district.id, name=district.name, tier="secure_sync")
    add_partition(instance, district.id)
    job = defs.resolve_job_def("sync_roster")

    def record() -> str:
        return run_sync(instance, job, district.id, name=district.name, on_step=lambda *_: None).run_id

    runs = {word: record() for word in ("first", "second", "unchanged")}
    for resource in ("sections", "users"):
        key = district.resources[resource].ids()[0]
        name = "Renamed" if resource == "sections" else {"first": "Ada", "last": "Renamed"}
        district.put(resource, district.get(resource, key) | {"name": name})
    runs["changed"] = record()
    fault = {"path_prefix": "/v3.1/schools", "nth": 1, "kind": "401"}
    httpx.post(f"{clever_url}/sandbox/faults", json=[fault]).raise_for_status()
    return runs | {"failed": record()}


CASES = {"prune_nights": prune_nights}

if __name__ == "__main__":
    CASES[sys.argv[1]](**json.loads(sys.argv[2]))
