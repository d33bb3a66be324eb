"""Define the figures: the cases of each, what it is compared with, and its target."""

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from roster_pipeline.extract.pagination import LIMIT
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline_tests.benchmarks.measure import Measured, best_of, run_case
from roster_pipeline_tests.benchmarks.replay import replaying

READERS = ("httpx", "http.client")
NOWHERE = "http://127.0.0.1:9"
"""Where Clever is not."""
AS_IT_COMES, PARQUET = "dlt as it comes", "dlt through parquet"
DLT: dict[str, dict[str, Any]] = {
    AS_IT_COMES: {"file_format": None, "lean": False},
    PARQUET: {"file_format": "parquet", "lean": False},
    "dlt through parquet, spared": {"file_format": "parquet", "lean": True},
}
"""How dlt is set up: as its documentation begins; with the file format it loads fastest; and then spared what this
project does not do either, the fields that are not kept and tables of list items."""


@dataclass(frozen=True)
class Figure:
    """One line of the table: our value, the value that it is compared with, and their relation beside the target.

    Attributes:
        met: None where there is no target, only something to know.
        is_promise: the benchmark fails if it is not met.
    """

    name: str
    ours: str
    theirs: str
    relation: str
    target: str = ""
    met: bool | None = None
    is_promise: bool = False


@dataclass
class Bench:
    """The cases of one run. Each is measured once and stored by name.

    Attributes:
        work: a folder for everything; whoever made it removes it.
        recorded: gives the folder of a district's recordings, by its number of students.
    """

    work: Path
    recorded: Callable[[int], Path]
    repeats: int
    dlt_python: Path | None
    measured: dict[str, Measured] = field(default_factory=dict)
    folders: int = 0

    def extract_and_land(self, students: int) -> Measured:
        return self.once(f"extract and land, {students:,}", partial(self._extract_and_land, students))

    def floor(self, students: int, reader: str) -> Measured:
        return self.once(f"floor with {reader}, {students:,}", partial(self._floor, students, reader))

    def dlt(self, students: int, how: str) -> Measured:
        return self.once(f"{how}, {students:,}", partial(self._dlt, students, DLT[how]))

    def sync(self, students: int, name: str, recording: str, home: Path) -> Measured:
        return self.once(f"{name} sync, {students:,}", partial(self._sync, students, recording, home))

    def in_product(self, name: str, case: str, home: Path, **arguments: object) -> Measured:
        """Measure a case that has the product under `home` for itself and sends no request to Clever."""
        return self.once(name, partial(run_case, case, env=environment(NOWHERE, home), **arguments))

    def new_folder(self) -> Path:
        self.folders += 1
        folder = self.work / f"{self.folders:03}"
        folder.mkdir()
        return folder

    def as_json(self) -> dict[str, Any]:
        return {name: asdict(measured) for name, measured in self.measured.items()}

    def once(self, name: str, measure: Callable[[], Measured]) -> Measured:
        """Return the measurement of this name. Measure it at the first call."""
        if name not in self.measured:
            self.measured[name] = measure()
        return self.measured[name]

    def _extract_and_land(self, students: int) -> Measured:
        recording = self.recorded(students) / "first"
        with replaying(recording) as url:
            case = partial(run_case, "cases:extract_and_land", url=url, recording=recording)
            return best_of(self.repeats, lambda: case(work=self.new_folder()))

    def _floor(self, students: int, reader: str) -> Measured:
        recording, kept = self.recorded(students) / "first", self.new_folder()
        with replaying(recording) as url:
            run_case("cases:kept_records", url=url, recording=recording, work=kept)
            case = partial(run_case, "cases:floor", url=url, recording=recording, kept=kept, reader=reader)
            return best_of(self.repeats, lambda: case(work=self.new_folder()))

    def _dlt(self, students: int, options: dict[str, Any]) -> Measured:
        lists = [{"name": one.name, "path": one.path, "role": one.role, "fields": [*one.fields]} for one in RESOURCES]
        assert self.dlt_python is not None
        with replaying(self.recorded(students) / "first") as url:
            return run_case(
                "with_dlt",
                python=self.dlt_python,
                url=url,
                work=self.new_folder(),
                lists=lists,
                limit=LIMIT,
                **options,
            )

    def _sync(self, students: int, recording: str, home: Path) -> Measured:
        folder = self.recorded(students) / recording
        with replaying(folder) as url:
            return run_case("cases:sync", env=environment(url, home), recording=folder)


def environment(url: str, home: Path) -> dict[str, str]:
    """Return the environment of a sync whose files are all under `home`, also those of the embedded PostgreSQL."""
    return {
        "ROSTER_HOME": str(home),
        "ROSTER_DATABASE_URL": "",
        "ROSTER_DAGSTER_DATABASE_URL": "",
        "ROSTER_CLEVER_API_URL": url,
        "ROSTER_CLEVER_AUTH_URL": url,
        "ROSTER_CLEVER_CLIENT_ID": "sandbox",
        "ROSTER_CLEVER_CLIENT_SECRET": "sandbox",
        "GIT_PYTHON_REFRESH": "quiet",
    }


def against_the_floor(bench: Bench, students: int) -> list[Figure]:
    ours = bench.extract_and_land(students)
    return [
        _slower(f"extract + land, {students:,} students", ours, bench.floor(students, reader), f"floor, {reader}", most)
        for reader, most in zip(READERS, (2.0, None), strict=True)
    ]


def memory(bench: Bench, students: int) -> list[Figure]:
    """Compare the peak memory at one size and at twice that size."""
    once, twice = bench.extract_and_land(students), bench.extract_and_land(2 * students)
    growth = twice.peak_mb / once.peak_mb
    return [
        Figure(f"peak memory of extract + land, {students:,}", _mb(once), "", "", "≤ 400 MB", once.peak_mb <= 400),
        Figure("its growth with twice the students", _mb(twice), _mb(once), f"{growth:.2f}x", "≤ 1.20x", growth <= 1.2),
    ]


def against_dlt(bench: Bench, students: int, dlt_students: int) -> list[Figure]:
    """Compare with dlt at the same size. The full size needs gigabytes with the defaults of dlt, so that is smaller."""
    figures = []
    for how in DLT:
        size, least = (dlt_students, 40.0) if how == AS_IT_COMES else (students, None)
        ours, theirs = bench.extract_and_land(size), bench.dlt(size, how)
        figures.append(_faster(f"extract + land, {size:,} students", ours, theirs, how, least))
    return figures


def whole_syncs(bench: Bench, students: int, dlt_students: int) -> list[Figure]:
    """Measure three syncs in one product: the first, one with a hundredth changed, and one without changes."""
    home = bench.new_folder()
    first = bench.sync(students, "first", "first", home)
    changed = bench.sync(students, "1 % changed", "changed", home)
    same = bench.sync(students, "unchanged", "changed", home)
    label = f"first sync of {students:,}"
    ratio = changed.seconds / first.seconds
    written = same.detail["rows_written"]
    return [
        *(_sync_against_dlt(bench, first, students, dlt_students) if bench.dlt_python else []),
        Figure(
            "sync with 1 % changed", took(changed), f"{label} {took(first)}", f"{ratio:.2f}x", "≤ 0.50x", ratio <= 0.5
        ),
        Figure("sync with nothing changed", took(same), "rows written", f"{written:,}", "0", written == 0),
    ]


def _sync_against_dlt(bench: Bench, first: Measured, students: int, dlt_students: int) -> list[Figure]:
    name, scale = f"whole first sync, {students:,} students", students / dlt_students
    note = "" if scale == 1 else f", extrapolated from {dlt_students:,}"
    parquet = bench.dlt(students, PARQUET)
    return [
        _slower(name, first, _alone(bench.dlt(dlt_students, AS_IT_COMES).seconds * scale), AS_IT_COMES + note, 1 / 3),
        _slower(name, first, parquet, PARQUET, None),
        _slower(name, first, _alone(parquet.detail["extract"]), "dlt's extract step alone", None),
    ]


def _alone(seconds: float) -> Measured:
    """Return the seconds of a part for which no process was measured."""
    return Measured(seconds, math.nan)


def _slower(name: str, ours: Measured, theirs: Measured, label: str, most: float | None) -> Figure:
    ratio = ours.seconds / theirs.seconds
    target, met = ("", None) if most is None else (f"≤ {most:.2f}x", ratio <= most)
    return Figure(name, took(ours), f"{label} {took(theirs)}", f"{ratio:.2f}x the time", target, met)


def _faster(name: str, ours: Measured, theirs: Measured, label: str, least: float | None) -> Figure:
    ratio = theirs.seconds / ours.seconds
    target, met = ("", None) if least is None else (f"≥ {least:.0f}x", ratio >= least)
    return Figure(name, took(ours), f"{label} {took(theirs)}", f"{ratio:.0f}x as fast", target, met)


def took(measured: Measured) -> str:
    """Return the seconds and, if a process was measured, its peak memory."""
    memory = "" if math.isnan(measured.peak_mb) else f", {_mb(measured)}"
    return f"{measured.seconds:.2f} s{memory}"


def _mb(measured: Measured) -> str:
    return f"{measured.peak_mb:,.0f} MB"
