"""Checks that `latest.duckdb` opens for other processes after it was replaced."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from roster_pipeline.damaged import is_in_use
from roster_pipeline.errors import RosterError

READ_PROGRAM = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as con:
    for name in sys.argv[2:]:
        con.execute(f'select bit_xor(hash(t)) from {name} as t').fetchall()
"""
"""Reads every value of the tables, so that DuckDB compares the checksum of every block."""
TIMEOUT_SECONDS = 600


def open_again(file: Path, tables: Sequence[str], *, is_whole: bool) -> None:
    """Open a file read-only, as an analyst does.

    Args:
        is_whole: Read every value in a new process. Starting an interpreter takes time, so this is for files that are
            not a copy of the last version.

    Raises:
        RosterError: The file does not open.
    """
    if is_whole:
        command = [sys.executable, "-I", "-c", READ_PROGRAM, str(file), *tables]
        try:
            process = subprocess.run(command, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)  # noqa: S603 - no part comes from outside
        except subprocess.TimeoutExpired:
            raise RosterError(f"{file} was written and could not be checked in time. Open it to see it.") from None
        if process.returncode:
            raise _unreadable(file)
        return
    with suppress(duckdb.ConnectionException):  # this process has the last version open already
        try:
            with duckdb.connect(file, read_only=True) as con:
                for name in tables:
                    con.execute(f"select count(*) from {name}").fetchall()
        except duckdb.IOException as error:
            if not is_in_use(error):  # another process opened it for writing at once
                raise _unreadable(file) from None


def is_open_for_writing(file: Path) -> bool:
    """Return whether another process has the file open for writing, so that a copy of it may be inconsistent."""
    try:
        duckdb.connect(file, read_only=True).close()
    except duckdb.Error as error:
        return is_in_use(error)
    return False


def _unreadable(file: Path) -> RosterError:
    return RosterError(f"{file} was written and does not open. The next sync writes it anew; if it stays, report it.")
