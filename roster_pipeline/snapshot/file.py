"""Replaces `latest.duckdb` by its next version.

The file is never written in place. A copy is updated beside it and renamed over it. The file therefore opens at all
times, and a reader keeps the state that it opened.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePath

import duckdb

from roster_pipeline.damaged import as_damage, disk_refusal, log_of, remove
from roster_pipeline.errors import FileDamaged, RosterError, SnapshotUnwritable
from roster_pipeline.paths import PRIVATE_FILE, private_file
from roster_pipeline.snapshot.check import is_open_for_writing, open_again
from roster_pipeline.snapshot.layout import attach_for_reading, attach_for_writing, create_tables, is_current
from roster_pipeline.snapshot.person_ids import has_present_keys
from roster_pipeline.snapshot.tables import SnapshotFile

LATEST, NEXT, TARGET = "latest.duckdb", ".next.duckdb", "target"


@dataclass
class NextVersion:
    """The next version of `latest.duckdb`, which is in use for writing.

    Attributes:
        is_new: It began empty, and not as a copy of the last version.
        is_needed: It shall replace the last version. The writer sets this if it writes a row. It is set already if the
            layout is new, or if a program that died left a log beside the last version, with which no file opens.
    """

    is_new: bool
    is_needed: bool = False


@contextmanager
def next_version(
    con: duckdb.DuckDBPyConnection, folder: Path, layout: SnapshotFile, *, is_new: bool
) -> Iterator[NextVersion]:
    """Use the next version of `latest.duckdb` for writing, as catalog TARGET. If it is needed, it replaces the last.

    Args:
        is_new: Begin with an empty file. Otherwise begin with a copy of the last version, if it has today's layout.

    Raises:
        FileDamaged: The last version is damaged. It stays where it is.
        SnapshotUnwritable: The disk or the folder refuses the next version.
        RosterError: Another process writes to the last version, or the next version does not open.
    """
    latest, following, title = folder / LATEST, folder / NEXT, _title(layout)
    with refused_writes(folder), _damage_of(latest, title):
        remove(following)  # a pass over a damaged file left a copy of it
        version = NextVersion(is_new or not _has_copy(con, latest, following, layout))
        with attach_for_writing(con, following, TARGET):
            con.begin()
            has_new_layout = create_tables(con, layout)
            version.is_needed = has_new_layout or log_of(latest).exists()
            yield version
            con.commit()
            con.execute(f"checkpoint {TARGET}")  # detaching does so too, but raises nothing if the disk is full
        if not version.is_needed:
            return
        _swap_in(following, latest)
    open_again(latest, [table.name for table in layout.tables], is_whole=version.is_new)


def _title(layout: SnapshotFile) -> str:
    return f"The analysts' file (snapshots/{PurePath(layout.place, LATEST)})"


@contextmanager
def refused_writes(folder: Path) -> Iterator[None]:
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
def _damage_of(latest: Path, title: str) -> Iterator[None]:
    """Raise errors as damage of the last version, unless another process is writing to that."""
    try:
        with as_damage(latest, title):
            yield
    except FileDamaged:
        if is_open_for_writing(latest):
            raise RosterError(
                f"{title} is open for writing in another process. Close it there, open it read-only, and sync again."
            ) from None
        raise


def _has_copy(con: duckdb.DuckDBPyConnection, latest: Path, following: Path, layout: SnapshotFile) -> bool:
    """Copy the last version to `following`. Return False, and leave no copy, if there is none of this layout."""
    if not latest.exists():
        return False
    if not latest.is_file():
        raise FileDamaged(latest, f"{_title(layout)} is damaged (no file)")
    _copy(latest, following)
    with attach_for_reading(con, following, TARGET):
        has_layout = is_current(con, TARGET, layout) and has_present_keys(con, TARGET)
    if not has_layout:
        following.unlink()
    return has_layout


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


def clear_next(folder: Path) -> None:
    """Remove what a pass, or a process that was killed in one, left of a next version."""
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
