"""What a delta sync costs beside a full one of the same district: stage by stage, so that Dagster is in neither.

The sandbox changes between the syncs, so it is a process of its own, told by its standard input what to do.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from time import perf_counter

from roster_pipeline_tests.benchmarks.figures import Bench, Figure, environment
from roster_pipeline_tests.benchmarks.measure import MEGABYTE, PER_UNIT, run_case

EVENTS = 100
SEED = 20261122


def delta_sync(bench: Bench, students: int) -> list[Figure]:
    """A full sync and deltas of `EVENTS` events each, in processes of their own, on one district."""
    home = bench.new_folder()
    with _changing(students) as (url, district_id, change):
        env = environment(url, home)
        case = {"env": env, "district_id": district_id}
        first = run_case("fresh:by_stages", mode="full", **case)
        full = run_case("fresh:by_stages", mode="full", **case)
        deltas = []
        for _ in range(bench.repeats):
            change(EVENTS)
            deltas.append(run_case("fresh:by_stages", mode="auto", **case))
    delta = sorted(deltas, key=lambda one: one.seconds)[len(deltas) // 2]
    assert {one.detail["mode"] for one in deltas} == {"delta"}
    ratio, peak, idle = delta.seconds / first.seconds, max(one.peak_mb for one in deltas), delta.detail["idle_mb"]
    name, memory = f"delta sync of {EVENTS} events, {students:,} students", f"{peak - idle:+,.0f} MB"
    beside = f"{delta.seconds / full.seconds:.1%} of its time"
    return [
        Figure(name, _took(delta), f"full sync {_took(first)}", f"{ratio:.1%} of its time", "≤ 5 %", ratio <= 0.05),
        Figure(name, _took(delta), f"unchanged full sync {_took(full)}", beside),
        Figure("its peak memory", f"{peak:,.0f} MB", f"loaded, idle {idle:,.0f} MB", memory, "≤ 150 MB", peak <= 150),
    ]


def _took(measured) -> str:
    return f"{measured.seconds:.2f} s"


def by_stages(district_id: str, mode: str) -> None:
    """One sync in the ROSTER_* environment that is set, with a snapshot."""
    import sqlalchemy as sa

    from roster_pipeline.product.database import open_product, transaction
    from roster_pipeline.product.organizations import connect_district
    from roster_pipeline.product.tables import syncs
    from roster_pipeline.settings import read_settings
    from roster_pipeline_tests.stages import sync_by_stages

    settings = read_settings()
    product = open_product(settings)
    with transaction(product) as pg:
        connect_district(pg, district_id, name="Benchmark", tier="secure_sync")
    idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PER_UNIT / MEGABYTE
    took: dict[str, float] = {}
    started = perf_counter()
    plan = sync_by_stages(settings, product, district_id, mode=mode, snapshot=True, took=took)
    seconds = perf_counter() - started
    with transaction(product) as pg:
        chosen = pg.execute(sa.select(syncs.c.mode).where(syncs.c.id == plan.sync_id)).scalar_one()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PER_UNIT / MEGABYTE
    detail = {"mode": chosen, "rows": plan.total, "idle_mb": idle, "took": took}
    print(json.dumps({"seconds": seconds, "peak_mb": peak, "detail": detail}), flush=True)


@contextmanager
def _changing(students: int) -> Iterator[tuple[str, str, object]]:
    """A sandbox of so many students; its address, the district's id, and what makes it change so many times."""
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
    """Serve a district, and change it as often as a line of the input says, until the input ends."""
    from roster_pipeline.sandbox.generate import generate_district
    from roster_pipeline.sandbox.server import running_sandbox
    from roster_pipeline_tests.benchmarks.district import spec_of

    district, rng = generate_district(spec_of(students), SEED), Random(SEED)
    with running_sandbox([district], client_id="sandbox", client_secret="sandbox") as address:
        print(json.dumps([address.url, district.id]), flush=True)
        for line in sys.stdin:
            _change(district, int(line), rng)
            print(flush=True)


def _change(district, events: int, rng: Random) -> None:
    """As many events, half of them people of a new name, half of them classes that a student leaves for another."""
    from roster_pipeline.sandbox.relations import users_of_role

    students, sections = list(users_of_role(district, "student")), district.resources["sections"].ids()
    for number in range(events):
        if number % 2:
            user = district.get("users", rng.choice(students))
            district.put("users", user | {"name": user["name"] | {"last": f"Renamed{rng.randrange(10**9)}"}})
        else:
            section = district.get("sections", rng.choice(sections))
            district.put("sections", section | {"students": [*section["students"][1:], rng.choice(students)]})


if __name__ == "__main__":
    {"by_stages": by_stages, "serve": serve}[sys.argv[1]](**json.loads(sys.argv[2]))
