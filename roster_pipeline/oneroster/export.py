"""Writes the published data of one district as the CSV files of OneRoster (docs/oneroster.md).

The files appear together. They are written into a folder beside the target, checked, and renamed at the end.
"""

from __future__ import annotations

import csv
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from roster_pipeline.errors import CannotStart, RosterError
from roster_pipeline.messages import operator
from roster_pipeline.model.oneroster import FILES, GRADES, MADE, MANIFEST, MANIFEST_COLUMNS, Version, list_manifest
from roster_pipeline.model.queries import load_query
from roster_pipeline.oneroster.check import check_folder
from roster_pipeline.paths import private_file, private_folder
from roster_pipeline.product.database import transaction
from roster_pipeline.product.tables import organizations

BATCH_ROWS = 5_000
SOURCE = {"source.systemName": "roster-pipeline"}


def export_district(engine: Engine, district_id: str, version: Version, out: Path) -> dict[str, int]:
    """Write the files of a district to a new folder, and return the number of rows of each file.

    Equal data gives equal files. The school year of classes without a term is that of the last publication.

    Raises:
        CannotStart: the folder exists and is not empty, or the district was never published.
        DistrictUnknown: the district was never connected.
        OSError: the folder cannot be written.
    """
    with transaction(engine, one_view=True) as pg, _new_folder(out) as folder:
        values = _find_values(pg, district_id)
        rows = {name: _write_file(pg, folder, name, version, values) for name in FILES[version]}
        _write_manifest(folder, version, district_id)
        if faults := check_folder(folder, version):
            raise RosterError(
                operator.text(
                    "The export breaks the rules of OneRoster: {fault}. Nothing was written.", fault=faults[0]
                )
            )
    return rows


def _find_values(pg: Connection, district_id: str) -> dict[str, object]:
    """Return the parameters of the queries."""
    columns = (organizations.c.id, organizations.c.last_published_at)
    query = sa.select(*columns).where(organizations.c.clever_district_id == district_id)
    row = pg.execute(query).one_or_none()
    if row is None or row.last_published_at is None:
        raise CannotStart(
            operator.text("District {district_id} has no published data. Sync it first.", district_id=district_id)
        )
    return {"organization_id": row.id, "district_id": district_id, "today": row.last_published_at.date()}


@contextmanager
def _new_folder(out: Path) -> Iterator[Path]:
    """Create a folder beside `out` for the files, and rename it to `out` at the end. An error removes it."""
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CannotStart(operator.text("{folder} exists and is not empty. Name a new folder.", folder=out))
    out = out.resolve()  # the name of `.` is empty
    folder = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=private_folder(out.parent)))
    try:
        yield folder
        folder.replace(out)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _write_file(pg: Connection, folder: Path, name: str, version: Version, values: Mapping[str, object]) -> int:
    """Write one file row by row, and return the number of rows."""
    columns = FILES[version][name].columns
    query = sa.text(load_query("oneroster", name)).bindparams(**_used(name, values))
    count = 0
    with _csv_writer(folder / f"{name}.csv") as writer:
        writer.writerow((*columns, MADE))
        for row in pg.execute(query, execution_options={"stream_results": True, "yield_per": BATCH_ROWS}).mappings():
            writer.writerow((*(_as_text(row, column) for column in columns), row.get("made")))
            count += 1
    return count


def _used(name: str, values: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters that the query of a file has."""
    parameters = sa.text(load_query("oneroster", name)).compile().params
    return {key: value for key, value in values.items() if key in parameters}


def _as_text(row: sa.RowMapping, column: str) -> object:
    """Return the value of a column. A column that the query does not have is empty."""
    value = row.get(column)
    return GRADES.get(value, value) if column == "grades" and value else value


def _write_manifest(folder: Path, version: Version, district_id: str) -> None:
    with _csv_writer(folder / f"{MANIFEST}.csv") as writer:
        writer.writerow(MANIFEST_COLUMNS)
        writer.writerows({**list_manifest(version), **SOURCE, "source.systemCode": district_id}.items())


@contextmanager
def _csv_writer(file: Path) -> Iterator[Any]:
    """Open a file that only its owner can read, for rows with the line ends of RFC 4180."""
    with private_file(file).open("w", encoding="utf-8", newline="") as stream:
        yield csv.writer(stream)
