"""Checks the files of a folder against the rules of OneRoster. A fault names the file, the line and the column."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path

from roster_pipeline.model.oneroster import (
    FILES,
    MANIFEST,
    MANIFEST_COLUMNS,
    CsvFile,
    Version,
    list_manifest,
)

BULK_EMPTY = ("status", "dateLastModified")
DATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"), "the value is no date as 2031-08-04"
FORMS = {
    "startDate": DATE,
    "endDate": DATE,
    "beginDate": DATE,
    "schoolYear": (re.compile(r"\d{4}"), "the value is no year as 2031"),
}
"""The pattern of the values of a column, and its rule."""
MOST_FAULTS = 1_000


@dataclass(frozen=True)
class Fault:
    """One broken rule. It holds no value of the row.

    Attributes:
        line: the number of the row in the file, or None for the whole file.
    """

    file: str
    rule: str
    column: str | None = None
    line: int | None = None

    def __str__(self) -> str:
        place = [f"{self.file}.csv", f"row {self.line}" if self.line else "", self.column or ""]
        return f"{', '.join(filter(None, place))}: {self.rule}"


def check_folder(folder: Path, version: Version) -> list[Fault]:
    """Return the broken rules of the files of a folder, at most `MOST_FAULTS`.

    The ids of all rows are kept in memory, because each reference is looked up in them.
    """
    return list(islice(_find_faults(folder, version), MOST_FAULTS))


def _find_faults(folder: Path, version: Version) -> Iterator[Fault]:
    yield from _check_manifest(folder, version)
    files = FILES[version]
    for other in sorted(path.stem for path in folder.iterdir()):
        if other != MANIFEST and other not in files:
            yield Fault(other, "the file is not part of the export")
    ids: dict[str, set[str]] = {}
    for name, rules in files.items():
        path = folder / f"{name}.csv"
        if not path.exists():
            yield Fault(name, "the file is missing")
            ids[name] = set()
            continue
        ids[name] = {row.get("sourcedId") or "" for _, row in _read(path)}
        yield from _check_file(path, rules, ids)


def _check_manifest(folder: Path, version: Version) -> Iterator[Fault]:
    path = folder / f"{MANIFEST}.csv"
    if not path.exists():
        yield Fault(MANIFEST, "the file is missing")
        return
    with path.open(encoding="utf-8", newline="") as stream:
        header, *rows = [*csv.reader(stream)] or [[]]
    if tuple(header) != MANIFEST_COLUMNS:
        yield Fault(MANIFEST, "the columns are not those of the version, in their order")
        return
    properties = dict(row for row in rows if len(row) == len(MANIFEST_COLUMNS))
    for name, value in list_manifest(version).items():
        if properties.get(name) != value:
            yield Fault(MANIFEST, f"the property is not {value}", name)


def _check_file(path: Path, rules: CsvFile, ids: Mapping[str, set[str]]) -> Iterator[Fault]:
    with path.open(encoding="utf-8", newline="") as stream:
        header = next(csv.reader(stream), [])
    own, more = tuple(header[: len(rules.columns)]), header[len(rules.columns) :]
    if own != rules.columns or not all(column.startswith("metadata.") for column in more):
        yield Fault(path.stem, "the columns are not those of the version, in their order")
        return
    seen: set[str] = set()
    together: set[tuple[str, ...]] = set()
    for line, row in _read(path):
        if None in row or None in row.values():
            yield Fault(path.stem, "the row has another number of values than the header", line=line)
            continue
        yield from (Fault(path.stem, rule, column, line) for column, rule in _check_row(row, rules, ids))
        if row["sourcedId"] in seen:
            yield Fault(path.stem, "the id occurs twice", "sourcedId", line)
        seen.add(row["sourcedId"])
        key = tuple(row[column] for column in rules.unique)
        if key and key in together:
            yield Fault(path.stem, "the values occur twice", ", ".join(rules.unique), line)
        together.add(key)


def _check_row(row: Mapping[str, str], rules: CsvFile, ids: Mapping[str, set[str]]) -> Iterator[tuple[str, str]]:
    """Yield the column and the rule of each fault of a row."""
    yield from ((column, "a required value is missing") for column in rules.required if not row[column])
    for column in BULK_EMPTY:
        if row[column]:
            yield column, "the value must be empty in a bulk file"
    for column, allowed in rules.values.items():
        if row[column] and row[column] not in allowed:
            yield column, "the value is not one of the allowed values"
    for column, file in rules.references.items():
        if row[column] and not ids[file].issuperset(row[column].split(",")):
            yield column, f"the id is not in {file}.csv"
    for column, (pattern, rule) in FORMS.items():
        if row.get(column) and not (pattern.fullmatch(row[column]) and (rule != DATE[1] or _is_date(row[column]))):
            yield column, rule
    if row.get("startDate") and row.get("endDate") and row["startDate"] > row["endDate"]:
        yield "endDate", "the end is before the start"


def _is_date(text: str) -> bool:
    """Return whether a text in the form of a date is a day of the calendar."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _read(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the number and the values of each row after the header."""
    with path.open(encoding="utf-8", newline="") as stream:
        yield from enumerate(csv.DictReader(stream), start=1)
