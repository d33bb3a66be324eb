"""Replaces `latest.duckdb` by its next version.

The file is never written in place. A copy is updated beside it and renamed over it. The file therefore opens at all
times, and a reader keeps the state that it opened.
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
from roster_pipeline.snapshot.layout import convert, create_tables, is_current, open_for_writing
from roster_pipeline.snapshot.tables import TABLES

LATEST, NEXT = "latest.duckdb", ".next.duckdb"
TITLE = f"The analysts' file (snapshots/{LATEST})"


@contextmanager
def next_version(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the next version of `latest.duckdb` for writing. It replaces the last one if the block does not raise.

    A file with another storage version or other columns is converted with its history.

    Raises:
        FileDamaged: The last version is damaged. It stays where it is.
        SnapshotUnwritable: The disk or the folder refuses the next version.
        RosterError: Another process writes to the last version, or the next version does not open.
    """
    latest, following = folder / LATEST, folder / NEXT
    _clear(folder)  # a killed process may have left files
    try:
        with _refused_writes(folder), _damage_in_copy(latest):
            is_copy = _begin(latest, following)
            with open_for_writing(following) as con:
                con.begin()
                create_tables(con)
                yield con
                con.commit()
                con.execute("checkpoint")  # closing does so too, but raises nothing if the disk is full
            _swap_in(following, latest)
        open_again(latest, [table.name for table in TABLES], is_whole=not is_copy)
    finally:
        _clear(folder)


@contextmanager
def _refused_writes(folder: Path) -> Iterator[None]:
    """Raise in one line what the operating system refused."""
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
def _damage_in_copy(latest: Path) -> Iterator[None]:
    """Raise errors in the copy as damage of the last version, unless another process is writing to that."""
    try:
        with as_damage(latest, TITLE):
            yield
    except FileDamaged:
        if is_open_for_writing(latest):
            raise RosterError(
                f"{TITLE} is open for writing in another process. Close it there, open it read-only, and sync again."
            ) from None
        raise


def _begin(latest: Path, following: Path) -> bool:
    """Write the contents of the last version to `following`. Return whether `following` is a plain copy of it."""
    if not latest.exists():
        return False
    if not latest.is_file():
        raise FileDamaged(latest, f"{TITLE} is damaged (no file)")
    _copy(latest, following)
    if is_current(following):
        return True
    before = following.with_name(f"{NEXT}.before")
    following.replace(before)
    convert(before, following)
    return False


def _swap_in(following: Path, latest: Path) -> None:
    """Rename the next version over the last one. Users who may read the folder or the last version may read it.

    A program that opened the last version for writing may have left a log, with which no other file opens.
    """
    folder = latest.parent.stat()
    had = latest.stat() if latest.exists() else None
    following.chmod(PRIVATE_FILE | folder.st_mode & 0o044 | (had.st_mode & 0o777 if had else 0))
    with suppress(PermissionError):  # only members of a group can give a file to it
        os.chown(following, -1, had.st_gid if had else folder.st_gid)
    remove(log_of(latest))
    following.replace(latest)


def _clear(folder: Path) -> None:
    for left_behind in folder.glob(f"{NEXT}*"):
        remove(left_behind)


def _copy(source: Path, target: Path) -> None:
    """Copy a file inside the kernel where possible. A file system that shares blocks then copies none."""
    private_file(target)
    try:
        with source.open("rb") as read, target.open("wb") as written:
            while os.copy_file_range(read.fileno(), written.fileno(), source.stat().st_size):
                pass
    except (AttributeError, OSError):  # not every system and file system supports it
        shutil.copyfile(source, target)
