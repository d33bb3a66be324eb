"""Measure the daemon: a night of many districts, and a refresh request from filing to answer."""

from functools import partial
from statistics import median

from roster_pipeline_tests.benchmarks.figures import Bench, Figure
from roster_pipeline_tests.benchmarks.measure import Measured, run_case

AT_ONCE = 2
"""Runs at the same time, whichever way they start."""
SAMPLE = 12
"""Districts that get a run of their own: enough to tell what one costs."""
PRESSES, CHANGES, COLD_PRESSES = 20, 20, 5
WAYS = {"a new interpreter each": False, "a fork each": True}


def nightly(bench: Bench, districts: int) -> list[Figure]:
    """Measure small districts per minute, in batches and in one run for each district."""
    together = bench.once("batches", partial(run_case, "daemon:batches", districts=districts))
    figures = []
    for how, warm in WAYS.items():
        alone = bench.once(how, partial(run_case, "daemon:runs_of_their_own", districts=SAMPLE, warm=warm))
        figures.append(
            Figure(
                f"{districts} small districts in {together.detail['runs']} runs, {AT_ONCE} at once",
                _a_minute(together),
                f"{SAMPLE} in runs of their own, {how} {_a_minute(alone)}",
                f"{_seconds_each(alone) / _seconds_each(together):.1f}x as many",
            )
        )
    return figures


def request(bench: Bench, students: int) -> list[Figure]:
    """Measure from the request to the answer, and the share of it before the first step of the run."""
    case = partial(run_case, "daemon:presses", students=students, changes=CHANGES)
    warm = bench.once("presses", partial(case, times=PRESSES, warm=True)).detail["presses"]
    cold = bench.once("presses, cold", partial(case, times=COLD_PRESSES, warm=False)).detail["presses"]
    name = f"request to {{}}, {students:,} students, {CHANGES} changes"
    return [
        _press(name.format("published"), warm, cold, "published", most=(5.0, 10.0)),
        _press(name.format("first step"), warm, cold, "first_step", most=(2.5, None)),
        _press(name.format("run asked for"), warm, cold, "asked", most=(None, None)),
    ]


def _press(
    name: str,
    warm: list[dict[str, float]],
    cold: list[dict[str, float]],
    until: str,
    *,
    most: tuple[float | None, float | None],
) -> Figure:
    """Return the median and the worst time, beside those of runs that start a new interpreter."""
    ours, theirs = ([one[until] for one in presses] for presses in (warm, cold))
    middle, worst = median(ours), max(ours)
    limits = [(value, limit) for value, limit in zip((middle, worst), most, strict=True) if limit is not None]
    return Figure(
        f"{name}: median, worst of {len(ours)}",
        f"{middle:.1f} s, {worst:.1f} s",
        f"new interpreter each {median(theirs):.1f} s, {max(theirs):.1f} s",
        f"{middle / median(theirs):.2f}x the time",
        ", ".join(f"≤ {limit:g} s" for _, limit in limits),
        all(value <= limit for value, limit in limits) if limits else None,
    )


def _a_minute(measured: Measured) -> str:
    return f"{60 / _seconds_each(measured):.1f} a minute"


def _seconds_each(measured: Measured) -> float:
    return measured.seconds / measured.detail["districts"]
