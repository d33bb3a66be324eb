"""Compare the ticks of sensors with a tick that does nothing, with the syncs of many districts and nights."""

from __future__ import annotations

from roster_pipeline_tests.benchmarks.figures import Bench, Figure

CATCH_UP, QUERY, UNINDEXED, NOTHING = "catch_up", "nightly_candidates", "unindexed", "nothing"
MOST_MILLISECONDS = {(1_000, CATCH_UP): 200, (13_000, CATCH_UP): 1_000, (1_000, QUERY): 25}
NIGHTS = {1_000: 400, 13_000: 60}
"""The nights that are stored of each district, by the number of districts. No job deletes syncs."""


def ticks(bench: Bench) -> list[Figure]:
    """Compare the tick of each sensor with a tick that does nothing."""
    figures = []
    for districts, nights in NIGHTS.items():
        name = f"ticks, {districts:,} districts"
        case = bench.in_product(
            name, "tick_cases:measure_ticks", bench.new_folder(), districts=districts, nights=nights
        )
        milliseconds = {name: seconds * 1000 for name, seconds in case.detail["ticks"].items()}
        floor, unindexed = milliseconds.pop(NOTHING), milliseconds.pop(UNINDEXED, None)
        for sensor, tick in milliseconds.items():
            most = MOST_MILLISECONDS.get((districts, sensor))
            beside = f", without the indexes {unindexed:,.0f} ms" if unindexed and sensor == QUERY else ""
            figures.append(
                Figure(
                    f"{sensor}, {districts:,} districts of {nights} nights",
                    f"{tick:,.0f} ms",
                    f"a tick that does nothing {floor:,.1f} ms{beside}",
                    f"{tick / floor:,.1f}x",
                    f"≤ {most} ms" if most else "",
                    tick <= most if most else None,
                )
            )
    return figures
