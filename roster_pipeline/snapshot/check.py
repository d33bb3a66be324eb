"""Whether `latest.duckdb` opens for others, after it was swapped in."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import duckdb

from roster_pipeline.damaged import is_in_use
from roster_pipeline.errors import RosterError

READ = """
import sys, duckdb
with duckdb.connect(sys.argv[1], read_only=True) as con:
    for name in sys.argv[2:]:
        con.execute(f'select bit_xor(hash(t)) from {name} as t').fetchall()
"""
"""Reads every value of the tables, so that DuckDB compares the checksum of every block."""
SECONDS = 600


def open_again(file: Path, tables: Sequence[str], *, whole: bool) -> None:
    """Open a file that was swapped in, read-only, as an analyst would.

    Args:
        whole: also read everything, in a process of its own that knows nothing of how the file was made. That takes
            a new interpreter's start, so it is for files that were made anew.

    Raises:
        RosterError: it does not open.
    """
    if whole:
        command = [sys.executable, "-I", "-c", READ, str(file), *tables]
        ended = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)  # noqa: S603 - our own words
        if ended.returncode:
            raise _unreadable(file)
        return
    with suppress(duckdb.ConnectionException):  # this process has the one before open already
        try:
            with duckdb.connect(file, read_only=True) as con:
                for name in tables:
                    con.execute(f"select count(*) from {name}").fetchall()
        except duckdb.IOException as error:
            if not is_in_use(error):  # a program opened it for writing at once
                raise _unreadable(file) from None


def is_open_for_writing(file: Path) -> bool:
    """Whether another process has the file open for writing: what is read of it may be half old and half new."""
    try:
        duckdb.connect(file, read_only=True).close()
    except duckdb.Error as error:
        return is_in_use(error)
    return False


def _unreadable(file: Path) -> RosterError:
    return RosterError(f"{file} was written and does not open. The next sync writes it anew; if it stays, report it.")
