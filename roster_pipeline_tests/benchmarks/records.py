"""Measure how Dagster's tables grow over many nights of many districts, if old records are pruned every day."""

from __future__ import annotations

from functools import partial

from roster_pipeline_tests.benchmarks.figures import Bench, Figure
from roster_pipeline_tests.benchmarks.measure import run_case

PERIOD_DAYS, SLACK = 30, 1.1


def records(bench: Bench, nights: int, districts: int) -> list[Figure]:
    """Measure the size of Dagster's tables at the end of the period and at the last night."""
    case = partial(run_case, "record_nights:prune_nights", nights=nights, districts=districts, home=bench.new_folder())
    measured = bench.once("records", case)
    sizes, seconds = measured.detail["sizes_mb"], measured.detail["prune_seconds"]
    full, most = sizes[PERIOD_DAYS], max(sizes[PERIOD_DAYS:])
    unpruned = sizes[PERIOD_DAYS - 1] / PERIOD_DAYS * nights
    is_same = measured.detail["is_same"]
    return [
        Figure(
            f"Dagster's tables, night {PERIOD_DAYS + 1} to {nights} of {districts} districts",
            f"at most {most:,.0f} MB",
            f"night {PERIOD_DAYS + 1} {full:,.0f} MB; not pruned {unpruned:,.0f} MB",
            f"{most / full:.2f}x",
            f"≤ {SLACK:g}x",
            most <= SLACK * full,
        ),
        Figure(
            f"pruning after each night of {districts} districts",
            f"at most {max(seconds):.1f} s",
            "",
            f"{max(seconds) / districts * 1000:.0f} ms a district",
        ),
        Figure(
            "partitions, plots and checks after pruning",
            f"{measured.detail['answers']:,} answers {'the same' if is_same else 'differ'}",
            "before pruning",
            "",
            "the same",
            is_same,
        ),
    ]
