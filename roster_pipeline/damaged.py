"""DuckDB files that are damaged: how they are told from files that are in use, and how they are moved aside.

Every DuckDB file of this program is a cache: what it held is read again from Clever or from PostgreSQL. A damaged file
is therefore never repaired. It is moved aside, for its owner alone, so that the work goes on.
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

KEPT = 3
"""Damaged files that stay beside one file, the newest; their number is bounded because each may be large."""
IN_USE = "Could not set lock on file"
NO_DAMAGE = (
    *(IN_USE, "No space left on device", "File too large", "Disk quota exceeded", "Read-only file system"),
    *("Permission denied", "Operation not permitted", "Too many open files", "Cannot allocate memory"),
)
"""What DuckDB quotes of the operating system where the file itself is sound. Moving it would mend nothing."""
DISK = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR})
"""How the operating system says that a disk or a folder takes no file."""
KINDS = (duckdb.IOException, duckdb.InternalException, duckdb.FatalException, duckdb.SerializationException)


def is_in_use(error: BaseException) -> bool:
    """Whether another process holds the lock of the file that could not be opened."""
    return isinstance(error, duckdb.IOException) and IN_USE in str(error)


def refusal_of(error: BaseException) -> str:
    """What kept DuckDB from a sound file, in the words of the operating system as far as they are known."""
    return next((reason for reason in NO_DAMAGE if reason in str(error)), type(error).__name__)


def disk_refusal(error: BaseException) -> str | None:
    """What the operating system said where a disk or a folder takes no file; None for every other error."""
    if isinstance(error, OSError) and error.errno in DISK:
        return os.strerror(error.errno)
    if not isinstance(error, duckdb.Error):
        return None
    return next((reason for reason in map(os.strerror, sorted(DISK)) if reason in str(error)), None)


def is_damage(error: BaseException) -> bool:
    """Whether DuckDB could not make sense of a file that it was allowed to read and write."""
    if not isinstance(error, duckdb.Error) or any(reason in str(error) for reason in NO_DAMAGE):
        return False
    # A checksum that does not match is raised as the base class itself, and a damaged log under several classes.
    return isinstance(error, KINDS) or type(error) is duckdb.Error or "Failure while replaying WAL" in str(error)


@contextmanager
def as_damage(file: Path, what: str) -> Iterator[None]:
    """Turn the errors of a damaged DuckDB file into one error. The file is left where it is.

    Args:
        what: the file's name in the message, such as "District 58da's file".

    Raises:
        FileDamaged: the file is damaged; its text is ours, because DuckDB's own may quote a record.
    """
    try:
        yield
    except duckdb.Error as error:
        if not is_damage(error):
            raise
        raise FileDamaged(file, f"{what} is damaged ({type(error).__name__})") from None


def move_aside(file: Path, at: datetime) -> Path:
    """Move a damaged file and its log away, under a name that has the time; returns where the file is now.

    The file is for its owner alone there. Of earlier ones the newest stay, `KEPT` in all. A file that is gone
    already, because another process moved it, is no error.

    Args:
        file: the DuckDB file; a folder that stands in its place is moved too.
        at: when the damage was found.

    Raises:
        RosterError: the folder does not let it be moved.
    """
    aside = file.with_name(f"{file.name}.damaged-{at.astimezone(UTC):%Y%m%dT%H%M%S%fZ}")
    try:
        for place, target in ((file, aside), (log_of(file), log_of(aside))):
            if place.is_symlink() or place.exists():
                place.rename(target)
                if not target.is_symlink():
                    target.chmod(0o700 if target.is_dir() else 0o600)
        for old in sorted(one for one in moved_aside(file) if not one.name.endswith(".wal"))[:-KEPT]:
            remove(old)
            remove(log_of(old))
    except OSError as error:
        raise RosterError(
            f"{file} is damaged and cannot be moved aside ({error.strerror}). Move it away, then try again."
        ) from None
    return aside


def moved_aside(file: Path) -> list[Path]:
    """The damaged files that were moved away from this place, logs included."""
    return list(file.parent.glob(f"{file.name}.damaged-*"))


def log_of(file: Path) -> Path:
    """Where DuckDB keeps the log of a file."""
    return file.with_name(f"{file.name}.wal")


def remove(place: Path) -> None:
    """Remove whatever stands at a place: a file, a link, a folder with all that is in it, or nothing."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    else:
        place.unlink(missing_ok=True)
