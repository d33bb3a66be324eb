"""Measure how long `roster-pipeline districts` takes for many districts if each answer of Clever takes some time."""

from __future__ import annotations

import json
import sys
from functools import partial
from time import perf_counter

from roster_pipeline_tests.benchmarks.figures import Bench, Figure
from roster_pipeline_tests.benchmarks.measure import report, run_case

LATENCY_SECONDS = 0.15
TARGET_SECONDS = 25


def connections(bench: Bench, districts: int) -> list[Figure]:
    """Compare the description of all districts at once with one after the other, at the same latency."""
    found = bench.once("districts of a connection", partial(run_case, "connections:describe", districts=districts))
    alone = LATENCY_SECONDS * districts
    return [
        Figure(
            f"what Clever says of {districts:,} districts, {LATENCY_SECONDS * 1000:.0f} ms an answer",
            f"{found.seconds:.1f} s",
            f"one after the other at least {alone:.0f} s",
            f"{alone / found.seconds:.1f} times",
            f"< {TARGET_SECONDS} s",
            found.seconds < TARGET_SECONDS,
        )
    ]


def describe(districts: int) -> None:
    """Read the list of connections and the description of each district from a sandbox that answers late."""
    from roster_pipeline.extract.client import CleverAccess, CleverClient
    from roster_pipeline.extract.descriptions import describe_districts
    from roster_pipeline.sandbox.api.faults import Fault
    from roster_pipeline.sandbox.api.server import running_sandbox
    from roster_pipeline.sandbox.data.district import SandboxDistrict

    served = [
        SandboxDistrict({"id": f"{number:024x}", "name": f"District {number}"}, {}) for number in range(districts)
    ]
    late = Fault("/", 0, f"delay:{LATENCY_SECONDS}")
    with running_sandbox(served, faults=[late]) as address:
        access = CleverAccess(address.url, address.url, "v3.1", "sandbox", "sandbox")
        began = perf_counter()
        with CleverClient(access) as client:
            found = describe_districts(client)
        seconds = perf_counter() - began
    assert len([one for one in found.values() if one.name]) == districts
    report(seconds)


if __name__ == "__main__":
    globals()[sys.argv[1]](**json.loads(sys.argv[2]))
