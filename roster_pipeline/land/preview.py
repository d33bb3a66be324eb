"""The copy of a district's file that a preview works on. A preview does not change the next sync.

The copy stays for a day, for its owner alone, because lists of people are read from it.
"""

from __future__ import annotations

import shutil
from datetime import datetime, timedelta
from pathlib import Path

from roster_pipeline.damaged import log_of, remove
from roster_pipeline.errors import RosterError
from roster_pipeline.land.warehouse import district_file, title
from roster_pipeline.model.clock import is_within
from roster_pipeline.paths import private_file

MAX_AGE = timedelta(hours=24)


def begin_preview(folder: Path, district_id: str) -> None:
    """Replace the last copy of a district's file by a new one. The caller holds the lock of the district.

    A district without a file is previewed in a new file.

    Raises:
        DistrictUnknown: The id is not an id of Clever.
        RosterError: The file cannot be copied.
    """
    file, copy = district_file(folder, district_id), district_file(folder, district_id, is_preview=True)
    try:
        remove(copy)
        remove(log_of(copy))
        if file.is_file():
            # The log is copied first, so that a copy of the file always has its log.
            for source, target in ((log_of(file), log_of(copy)), (file, copy)):
                if source.is_file():
                    _copy(source, target)
    except OSError as error:
        raise RosterError(
            f"{title(district_id)} cannot be copied for a preview ({error.strerror}). Put that right and try again."
        ) from None


def continue_preview(folder: Path, district_id: str) -> None:
    """Keep the last copy, or create one if there is none. It raises the errors of `begin_preview`."""
    if not district_file(folder, district_id, is_preview=True).exists():
        begin_preview(folder, district_id)


def discard_previews(folder: Path, now: datetime) -> None:
    """Remove the copies of all districts that are older than a day."""
    for copy in folder.glob("*.preview.duckdb*"):
        try:
            made_at = datetime.fromtimestamp(copy.lstat().st_mtime, now.tzinfo)
            if not is_within(made_at, MAX_AGE, now):
                remove(copy)
        except OSError:
            continue  # another run removed the copy, or a later run will


def _copy(source: Path, target: Path) -> None:
    """Copy a file for its owner alone under another name, and rename the copy."""
    beginning = target.with_name(f"{target.name}.new")
    remove(beginning)
    shutil.copyfile(source, private_file(beginning))
    beginning.replace(target)
