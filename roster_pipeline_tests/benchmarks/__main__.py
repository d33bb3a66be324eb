"""Measures the project beside its comparisons, in one run on one machine, and prints a table or JSON.

    python -m roster_pipeline_tests.benchmarks [--students N] [--dlt-python PATH] [--only PART] [--json]

Figures say what they are, never whether a test passed: the exit code is 0 whatever they are. One is a promise, and
without it the code is 1: where anything contradicts a link, it is not made or somebody is asked.
"""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import cache, partial
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console
from rich.table import Table

from roster_pipeline_tests.benchmarks.busy import busy_application
from roster_pipeline_tests.benchmarks.connections import connections
from roster_pipeline_tests.benchmarks.figures import Bench, Figure, against_dlt, against_the_floor, memory, whole_syncs
from roster_pipeline_tests.benchmarks.fresh import delta_sync
from roster_pipeline_tests.benchmarks.measure import run_case
from roster_pipeline_tests.benchmarks.nights import nightly, request
from roster_pipeline_tests.benchmarks.page import page
from roster_pipeline_tests.benchmarks.page_beside import page_beside_syncs
from roster_pipeline_tests.benchmarks.page_load import logins_a_second, requests_a_second
from roster_pipeline_tests.benchmarks.records import records
from roster_pipeline_tests.benchmarks.snapshot import parquet_swaps, snapshot
from roster_pipeline_tests.benchmarks.ticks import ticks
from roster_pipeline_tests.benchmarks.who_is_who import LINKS, links, matching, mistakes

MARKS = {True: "[green]yes[/]", False: "[red]no[/]", None: ""}
err = Console(stderr=True)


def main() -> None:
    args = _arguments()
    # A server that ends a moment later may still write there: no reason to lose the figures.
    with TemporaryDirectory(prefix="roster-bench-", ignore_cleanup_errors=True) as folder:
        work = Path(folder)

        @cache
        def recorded(students: int) -> Path:
            into = work / f"district-{students}"
            run_case("district", students=students, into=into)
            return into

        bench = Bench(work, recorded, args.repeats, args.dlt_python)
        figures = []
        for found in _figures(bench, args):
            figures += found
    if args.json:
        print(json.dumps(_as_json(bench, figures, args), indent=1))
    else:
        _show(bench, figures)
    if any(one.is_promise and not one.met for one in figures):
        sys.exit(1)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="The project's figures beside their comparisons.")
    parser.add_argument("--students", type=int, default=100_000, help="of the district; all else scales with it")
    parser.add_argument("--dlt-students", type=int, help="size for dlt as it comes (a fifth of --students)")
    parser.add_argument("--dlt-python", type=Path, help="interpreter of an environment that has dlt[duckdb]")
    parser.add_argument("--repeats", type=int, default=5, help="runs of each short case; the fastest counts")
    parser.add_argument("--districts", type=int, default=200, help="small ones, of a night")
    sizes = {"type": int, "nargs": "+", "default": [10, 100, 1_000]}
    parser.add_argument("--snapshot-districts", **sizes, help="numbers of districts of 2,000 people, of a pass")
    parser.add_argument("--swaps", type=int, default=1_000, help="of the manifest of the Parquet files")
    parser.add_argument("--nights", type=int, default=60, help="simulated ones, of Dagster's records")
    parser.add_argument("--only", help="the parts whose name begins so: nightly, request, whole, ...")
    parser.add_argument("--json", action="store_true", help="every case in full")
    args = parser.parse_args()
    args.dlt_students = args.dlt_students or max(1_000, args.students // 5)
    return args


def _figures(bench: Bench, args: argparse.Namespace) -> Iterator[list[Figure]]:
    """Measure one part after the other, and print the name of each."""
    for name, part in _parts(bench, args).items():
        if not name.startswith(args.only or ""):
            continue
        err.print(f"[dim]measuring {name} ...[/]")
        yield part()


def _parts(bench: Bench, args: argparse.Namespace) -> dict[str, Callable[[], list[Figure]]]:
    label = "dlt, at its own size and through parquet"
    with_dlt = {label: partial(against_dlt, bench, args.students, args.dlt_students)}
    return {
        "extract and land beside the floor": partial(against_the_floor, bench, args.students),
        "peak memory, at twice the size too": partial(memory, bench, args.students),
        **(with_dlt if args.dlt_python else {}),
        "who is who among many accounts": partial(matching, bench, args.students * 5 // 2, args.students * 10),
        LINKS: partial(links, bench, max(2_000, args.students // 5)),
        "delta beside full": partial(delta_sync, bench, args.students),
        "busy application beside syncs": partial(busy_application, bench, max(1_000, args.students * 3 // 100)),
        "connections: what Clever says of each district": partial(connections, bench, args.districts * 5),
        "nightly: small districts through the daemon": partial(nightly, bench, args.districts),
        "page: lists and search": partial(page, bench, args.students * 5 // 2),
        "page: requests": partial(requests_a_second, bench, args.students * 5 // 2),
        "page: logins": partial(logins_a_second, bench),
        "page: beside syncs": partial(page_beside_syncs, bench, max(500, args.students // 10)),
        "snapshot: a pass beside a copy per sync": partial(snapshot, bench, args.snapshot_districts, 2_000),
        "snapshot: swaps of the Parquet files": partial(parquet_swaps, bench, args.swaps),
        "records: Dagster's tables over many nights": partial(records, bench, args.nights, args.districts // 2),
        "ticks: sensors of many districts": partial(ticks, bench),
        "request to published, the daemon warm": partial(request, bench, max(500, args.students // 10)),
        "whole syncs through Dagster": partial(whole_syncs, bench, args.students, args.dlt_students),
    }


def _show(bench: Bench, figures: list[Figure]) -> None:
    out = Console(width=None if sys.stdout.isatty() else 160)
    table = Table("figure", "ours", "beside", "", "target", "met", title="Figures", title_justify="left")
    for one in figures:
        table.add_row(one.name, one.ours, one.theirs, one.relation, one.target, MARKS[one.met])
    out.print(table)
    if LINKS in bench.measured:
        out.print(mistakes(bench))
    if any("stages" in measured.detail for measured in bench.measured.values()):
        out.print(_stages(bench))
    out.print(
        f"{os.cpu_count()} processors, Python {platform.python_version()}{_dlt_versions(bench)}. Memory is the peak of "
        "the measured process alone, PostgreSQL's not counted. Spared: kept fields only, no tables of lists."
    )


def _dlt_versions(bench: Bench) -> str:
    return "".join({f", {one.detail['versions']}" for one in bench.measured.values() if "versions" in one.detail})


def _stages(bench: Bench) -> Table:
    """Return the seconds of each stage of the full syncs."""
    syncs = {name: measured for name, measured in bench.measured.items() if "stages" in measured.detail}
    table = Table("stage, seconds", *syncs, title="Whole syncs", title_justify="left")
    for stage in next(iter(syncs.values())).detail["stages"]:
        table.add_row(stage, *(f"{measured.detail['stages'][stage]:.2f}" for measured in syncs.values()))
    table.add_section()
    table.add_row("the run", *(f"{measured.seconds:.2f}" for measured in syncs.values()))
    table.add_row("rows written", *(f"{measured.detail['rows_written']:,}" for measured in syncs.values()))
    table.add_row("peak memory, MB", *(f"{measured.peak_mb:,.0f}" for measured in syncs.values()))
    return table


def _as_json(bench: Bench, figures: list[Figure], args: argparse.Namespace) -> dict[str, object]:
    return {
        "machine": {"processors": os.cpu_count(), "python": platform.python_version(), "system": platform.system()},
        "sizes": {"students": args.students, "dlt_students": args.dlt_students, "repeats": args.repeats},
        "figures": [asdict(one) for one in figures],
        "cases": bench.as_json(),
    }


if __name__ == "__main__":
    main()
