"""Recognizes damaged DuckDB files and moves them aside.

Every DuckDB file of this program is a cache. Its contents are read again from Clever or from PostgreSQL. A damaged file
is therefore never repaired. It is moved aside, for its owner alone, and the next sync creates a new one.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from roster_pipeline.errors import FileDamaged, RosterError

MAX_MOVED_FILES = 3
"""How many damaged files stay beside one file. Each may be large, so only the newest stay."""
IN_USE = "Could not set lock on file"
SYSTEM_REFUSALS = (
    *(IN_USE, "No space left on device", "File too large", "Disk quota exceeded", "Read-only file system"),
    *("Permission denied", "Operation not permitted", "Too many open files", "Cannot allocate memory"),
)
"""Refusals of the operating system that DuckDB quotes. The file is sound, and moving it would not help."""
DISK_ERRORS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR}
)
"""Error numbers with which the operating system refuses to write a file."""
DAMAGE_ERRORS = (duckdb.IOException, duckdb.InternalException, duckdb.FatalException, duckdb.SerializationException)


def is_in_use(error: BaseException) -> bool:
    """Return whether a file could not be opened because another process holds its lock."""
    return isinstance(error, duckdb.IOException) and IN_USE in str(error)


def refusal_of(error: BaseException) -> str:
    """Return why DuckDB could not use a sound file: the words of the operating system if they are known."""
    return next((reason for reason in SYSTEM_REFUSALS if reason in str(error)), type(error).__name__)


def disk_refusal(error: BaseException) -> str | None:
    """Return the words of the operating system if a disk or a folder refused a file, or None for any other error."""
    if isinstance(error, OSError) and error.errno in DISK_ERRORS:
        return os.strerror(error.errno)
    if not isinstance(error, duckdb.Error):
        return None
    return next((reason for reason in map(os.strerror, sorted(DISK_ERRORS)) if reason in str(error)), None)


def is_damage(error: BaseException) -> bool:
    """Return whether an error means that the contents of a DuckDB file are damaged."""
    if not isinstance(error, duckdb.Error) or any(reason in str(error) for reason in SYSTEM_REFUSALS):
        return False
    # DuckDB raises its base class for a wrong checksum, and several classes for a damaged log.
    return (
        isinstance(error, DAMAGE_ERRORS) or type(error) is duckdb.Error or "Failure while replaying WAL" in str(error)
    )


@contextmanager
def as_damage(file: Path, title: str) -> Iterator[None]:
    """Turn the errors of a damaged DuckDB file into one error. The file is left where it is.

    Args:
        title: The name of the file in the message, such as "District 58da's file".

    Raises:
        FileDamaged: The file is damaged. The message does not quote DuckDB, whose text may contain a record.
    """
    try:
        yield
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        raise FileDamaged(file, f"{title} is damaged ({type(error).__name__})") from None


def move_aside(file: Path, at: datetime) -> Path:
    """Move a damaged file and its log aside, under a name with the time. Return the new path of the file.

    Only the owner can read the file there. Of the files moved earlier the newest stay, at most `MAX_MOVED_FILES`. A
    file that another process has moved already is no error.

    Args:
        file: The DuckDB file. A folder in its place is moved too.
        at: The time at which the damage was found.

    Raises:
        RosterError: The operating system refuses to move the file.
    """
    aside = file.with_name(f"{file.name}.damaged-{at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}")
    try:
        for place, target in ((file, aside), (log_of(file), log_of(aside))):
            if place.is_symlink() or place.exists():
                place.rename(target)
                if not target.is_symlink():
                    target.chmod(0o700 if target.is_dir() else 0o600)
        for old in sorted(moved for moved in moved_aside(file) if not moved.name.endswith(".wal"))[:-MAX_MOVED_FILES]:
            remove(old)
            remove(log_of(old))
    except OSError as error:
        raise RosterError(
            f"{file} is damaged and cannot be moved aside ({error.strerror}). Move it away, then try again."
        ) from None
    return aside


def moved_aside(file: Path) -> list[Path]:
    """Return the damaged files that were moved aside from this path, with their logs."""
    return list(file.parent.glob(f"{file.name}.damaged-*"))


def log_of(file: Path) -> Path:
    """Return the path of the log that DuckDB keeps of a file."""
    return file.with_name(f"{file.name}.wal")


def remove(place: Path) -> None:
    """Remove the file, the link or the whole folder at a path, if there is one."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
