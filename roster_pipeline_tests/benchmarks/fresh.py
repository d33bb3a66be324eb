"""Compare a delta sync with a full sync of the same district, stage by stage and without Dagster.

The sandbox changes between the syncs. It is a process of its own that reads its orders from the standard input.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from time import perf_counter

from roster_pipeline_tests.benchmarks.figures import Bench, Figure, environment
from roster_pipeline_tests.benchmarks.measure import MEGABYTE, PER_UNIT, Measured, report, run_case

EVENTS = 100
SEED = 20261122


def delta_sync(bench: Bench, students: int) -> list[Figure]:
    """Measure a full sync and deltas of `EVENTS` events each on one district, each in its own process."""
    home = bench.new_folder()
    with _changing(students) as (url, district_id, change):
        env = environment(url, home)
        case = {"env": env, "district_id": district_id}
        first = run_case("fresh:by_stages", mode="full", **case)
        full = run_case("fresh:by_stages", mode="full", **case)
        deltas = []
        for _ in range(bench.repeats):
            change(EVENTS)
            alone = run_case("fresh:excerpt_alone", **case)
            deltas.append(run_case("fresh:by_stages", mode="auto", **case))
    delta = sorted(deltas, key=lambda one: one.seconds)[len(deltas) // 2]
    assert {one.detail["mode"] for one in deltas} == {"delta"}
    ratio = delta.seconds / first.seconds
    name, beside = f"delta sync of {EVENTS} events, {students:,} students", f"{delta.seconds / full.seconds:.1%} of it"
    return [
        Figure(name, _took(delta), f"full sync {_took(first)}", f"{ratio:.1%} of it", "≤ 5 %", ratio <= 0.05),
        Figure(name, _took(delta), f"unchanged full sync {_took(full)}", beside),
        _memory("peak memory of its extract + land", alone),
        _memory("peak memory of the whole of it", max(deltas, key=lambda one: one.peak_mb)),
    ]


def _memory(name: str, measured: Measured) -> Figure:
    peak, idle = measured.peak_mb, measured.detail["idle_mb"]
    return Figure(
        name, f"{peak:,.0f} MB", f"before it {idle:,.0f} MB", f"{peak - idle:+,.0f} MB", "≤ 150 MB", peak <= 150
    )


def _took(measured: Measured) -> str:
    return f"{measured.seconds:.2f} s"


def by_stages(district_id: str, mode: str) -> None:
    """Measure one sync with a snapshot in the ROSTER_* environment, in a process that has imported all code."""
    import sqlalchemy as sa

    from roster_pipeline.instance.fork_server import warm_up_libraries
    from roster_pipeline.product.database import open_product, transaction
    from roster_pipeline.product.organizations import connect_district
    from roster_pipeline.product.tables import syncs
    from roster_pipeline.settings import read_settings
    from roster_pipeline_tests.support.stages import sync_by_stages

    settings = read_settings()
    product = open_product(settings)
    with transaction(product) as pg:
        connect_district(pg, district_id, name="Benchmark", tier="secure_sync")
    warm_up_libraries()
    idle = _peak()
    took: dict[str, float] = {}
    started = perf_counter()
    plan = sync_by_stages(settings, product, district_id, mode=mode, snapshot=True, took=took)
    seconds = perf_counter() - started
    with transaction(product) as pg:
        chosen = pg.execute(sa.select(syncs.c.mode).where(syncs.c.id == plan.sync_id)).scalar_one()
    report(seconds, mode=chosen, rows=plan.total, idle_mb=idle, took=took)


def excerpt_alone(district_id: str) -> None:
    """Measure a process that only reads the events and fills the delta workspace."""
    from tempfile import TemporaryDirectory

    from roster_pipeline.clever import clever_access
    from roster_pipeline.extract.client import CleverClient
    from roster_pipeline.ingest import IngestRequest, ingest_district
    from roster_pipeline.land.session import WarehouseSession
    from roster_pipeline.product.database import open_product, transaction
    from roster_pipeline.settings import read_settings
    from roster_pipeline.syncs.history import find_last_publication
    from roster_pipeline.syncs.lifecycle import find_organization_id

    settings = read_settings()
    with transaction(open_product(settings)) as pg:
        published = find_last_publication(pg, find_organization_id(pg, district_id))
    idle, started = _peak(), perf_counter()
    with (
        CleverClient(clever_access(settings)) as client,
        WarehouseSession(settings.districts_folder, district_id) as session,
        TemporaryDirectory() as folder,
    ):
        version = settings.clever_api_version
        request = IngestRequest(1, "", "auto", published, Path(folder), version, datetime.now(UTC))
        district = ingest_district(client.connection(district_id), session, request)
        session.end_delta()
    report(perf_counter() - started, mode=district.sync_mode.mode, idle_mb=idle)


def _peak() -> float:
    """Return the peak memory of this process until now, in millions of bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PER_UNIT / MEGABYTE


@contextmanager
def _changing(students: int) -> Iterator[tuple[str, str, object]]:
    """Run a sandbox. Yield its address, the id of the district, and a function that changes the district."""
    told = json.dumps({"students": students})
    command = [sys.executable, "-m", "roster_pipeline_tests.benchmarks.fresh", "serve", told]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        url, district_id = json.loads(process.stdout.readline())

        def change(events: int) -> None:
            process.stdin.write(f"{events}\n")
            process.stdin.flush()
            process.stdout.readline()

        try:
            yield url, district_id, change
        finally:
            process.stdin.close()


def serve(students: int) -> None:
    """Serve a district, and change it as often as each line of the input says, until the input ends."""
    from roster_pipeline.sandbox.api.server import running_sandbox
    from roster_pipeline.sandbox.data.generate import generate_district
    from roster_pipeline_tests.benchmarks.district import spec_of

    district, rng = generate_district(spec_of(students), SEED), Random(SEED)
    with running_sandbox([district], client_id="sandbox", client_secret="sandbox") as address:
        print(json.dumps([address.url, district.id]), flush=True)
        for line in sys.stdin:
            _change(district, int(line), rng)
            print(flush=True)


def _change(district, events: int, rng: Random) -> None:
    """Cause some events: half of them rename people, and half of them move a student to another class."""
    from roster_pipeline.sandbox.api.relations import list_users_of_role

    students, sections = list(list_users_of_role(district, "student")), district.resources["sections"].ids()
    for number in range(events):
        if number % 2:
            user = district.get("users", rng.choice(students))
            district.put("users", user | {"name": user["name"] | {"last": f"Renamed{rng.randrange(10**9)}"}})
        else:
            section = district.get("sections", rng.choice(sections))
            district.put("sections", section | {"students": [*section["students"][1:], rng.choice(students)]})


if __name__ == "__main__":
    {one.__name__: one for one in (by_stages, excerpt_alone, serve)}[sys.argv[1]](**json.loads(sys.argv[2]))
