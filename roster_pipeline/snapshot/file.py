"""`latest.duckdb` itself, which is never written in place: a copy is brought up to date beside it and swapped in whole.

So it opens at all times, and a reader keeps the state that it opened.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import duckdb

from roster_pipeline.damaged import as_damage, disk_refusal, log_of, remove
from roster_pipeline.errors import FileDamaged, RosterError, SnapshotUnwritable
from roster_pipeline.paths import PRIVATE_FILE, private_file
from roster_pipeline.snapshot.check import is_open_for_writing, open_again
from roster_pipeline.snapshot.layout import convert, create_tables, is_current, opened
from roster_pipeline.snapshot.tables import TABLES

LATEST, NEXT = "latest.duckdb", ".next.duckdb"
WHAT = f"The analysts' file (snapshots/{LATEST})"


@contextmanager
def next_version(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The next `latest.duckdb`, open for writing; it replaces the last one only if all went well.

    A file of another storage version, or with other columns, is written anew with its history.

    Raises:
        FileDamaged: the last one is damaged; it stays where it is.
        SnapshotUnwritable: the disk or the folder does not let the next one be written.
        RosterError: another process writes to the last one at this moment, or the next one does not open.
    """
    latest, following = folder / LATEST, folder / NEXT
    _clear(folder)  # a killed process may have left its own
    try:
        with _as_ours(folder), _damage_of(latest):
            is_copy = _begin(latest, following)
            with opened(following) as con:
                con.begin()
                create_tables(con)
                yield con
                con.commit()
                con.execute("checkpoint")  # closing does so too, and says nothing if the disk is full
            _swap_in(following, latest)
        open_again(latest, [table.name for table in TABLES], whole=not is_copy)
    finally:
        _clear(folder)


@contextmanager
def _as_ours(folder: Path) -> Iterator[None]:
    """Say in one line what the operating system refused."""
    try:
        yield
    except OSError as error:
        raise SnapshotUnwritable(folder, error.strerror or type(error).__name__) from None
    except duckdb.Error as error:
        reason = disk_refusal(error)
        if reason is None:
            raise
        raise SnapshotUnwritable(folder, reason) from None


@contextmanager
def _damage_of(latest: Path) -> Iterator[None]:
    """Errors in the copy come of the file that it was made of, unless a program writes to that at this moment."""
    try:
        with as_damage(latest, WHAT):
            yield
    except FileDamaged:
        if is_open_for_writing(latest):
            raise RosterError(
                f"{WHAT} is open for writing in another process. Close it there, open it read-only, and sync again."
            ) from None
        raise


def _begin(latest: Path, following: Path) -> bool:
    """Leave what the last version holds in `following`; returns whether that is a copy, and not made anew."""
    if not latest.exists():
        return False
    if not latest.is_file():
        raise FileDamaged(latest, f"{WHAT} is damaged (no file)")
    _copy(latest, following)
    if is_current(following):
        return True
    before = following.with_name(f"{NEXT}.before")
    following.replace(before)
    convert(before, following)
    return False


def _swap_in(following: Path, latest: Path) -> None:
    """Put the next version in the place of the last one. Users who may read the folder or the last one may read it.

    A program that opened the last one for writing may have left a log. No other file opens with that log.
    """
    folder = latest.parent.stat()
    had = latest.stat() if latest.exists() else None
    following.chmod(PRIVATE_FILE | folder.st_mode & 0o044 | (had.st_mode & 0o777 if had else 0))
    with suppress(PermissionError):  # only a member of the group can give a file to it
        os.chown(following, -1, had.st_gid if had else folder.st_gid)
    remove(log_of(latest))
    following.replace(latest)


def _clear(folder: Path) -> None:
    for left_behind in folder.glob(f"{NEXT}*"):
        remove(left_behind)


def _copy(source: Path, target: Path) -> None:
    """Inside the kernel, where it can: a file system that shares blocks copies none."""
    private_file(target)
    try:
        with source.open("rb") as read, target.open("wb") as written:
            while os.copy_file_range(read.fileno(), written.fileno(), source.stat().st_size):
                pass
    except (AttributeError, OSError):  # not every system has it, nor every pair of file systems
        shutil.copyfile(source, target)
