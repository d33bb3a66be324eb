"""The analysts' database. It is written anew from PostgreSQL, because DELETE of DuckDB leaves the bytes in the file."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from sqlalchemy import Engine

from roster_pipeline.damaged import remove
from roster_pipeline.errors import RosterError
from roster_pipeline.privacy.stores.store import StoreRecord, hash_files
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.settings import Settings
from roster_pipeline.snapshot import LATEST, rebuild_snapshot

_log = logging.getLogger(__name__)

LOCK, DAMAGED = ".lock", ".damaged-"
HISTORIES = "select table_name from duckdb_columns() where column_name = ? and ends_with(table_name, '_history')"


@dataclass(frozen=True)
class Snapshots:
    """The files of the analysts' database, and those that were set aside as damaged."""

    settings: Settings
    engine: Engine
    name: str = "snapshots"

    def inspect(self, subject: Subject) -> StoreRecord:
        files = self._files()
        rows = sum(_count_rows(file, subject) for file in files if file.name == LATEST)
        return StoreRecord(self.name, {"rows": rows}, hash_files(self.settings.home.resolve(), files))

    def erase(self, subjects: Sequence[Subject], at: datetime) -> None:  # noqa: ARG002 - the interface of a store
        present = self._files()
        if not present:
            return
        try:
            rebuild_snapshot(self.settings, self.engine, at=at)
        except RosterError as error:
            # No file may keep what was erased. The next pass writes them again.
            _log.warning("The files of the snapshot are removed, because they cannot be written anew (%s).", error)
            outdated = self._files()
        else:
            outdated = [file for file in present if DAMAGED in file.name]
        for file in outdated:
            remove(file)

    def _files(self) -> list[Path]:
        """Return every file of the folder, Parquet files too. The lock file is always empty."""
        files = self.settings.snapshots_folder.rglob("*")
        return sorted(file for file in files if file.is_file() and file.name != LOCK)


def _count_rows(file: Path, subject: Subject) -> int:
    """Return how many rows of a file belong to the subject. A damaged file has no rows that can be counted."""
    wanted, values = (
        ("district_id", subject.districts) if subject.kind == "district" else ("account_id", subject.accounts)
    )
    try:
        with duckdb.connect(file, read_only=True) as con:
            tables = [table for (table,) in con.execute(HISTORIES, [wanted]).fetchall()]
            counts = (
                con.execute(f"select count(*) from {table} where list_contains(?, {wanted})", [list(values)]).fetchall()
                for table in tables
            )
            return sum(int(rows) for ((rows,),) in counts)
    except duckdb.Error:
        return 0
