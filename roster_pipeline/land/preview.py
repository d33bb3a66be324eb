"""The copy of a district's file that a preview works on, so that the next sync goes on as if nobody had looked.

What a preview read and planned stays in the copy for a day, for its owner alone: lists of people are read from it.
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

KEPT = timedelta(hours=24)


def begin_preview(folder: Path, district_id: str) -> None:
    """Copy the district's file for a preview, in place of the last copy. Call with the district's lock held.

    A district that has no file yet is previewed in a new one.

    Raises:
        DistrictUnknown: the id is none of Clever's.
        RosterError: the file cannot be copied.
    """
    file, copy = district_file(folder, district_id), district_file(folder, district_id, is_preview=True)
    try:
        remove(copy)
        remove(log_of(copy))
        if file.is_file():
            # The log first: the copy is opened only if it is whole.
            for source, target in ((log_of(file), log_of(copy)), (file, copy)):
                if source.is_file():
                    _copy(source, target)
    except OSError as error:
        raise RosterError(
            f"{title(district_id)} cannot be copied for a preview ({error.strerror}). Put that right and try again."
        ) from None


def continue_preview(folder: Path, district_id: str) -> None:
    """Keep the last copy, or make one where there is none; raises as `begin_preview`."""
    if not district_file(folder, district_id, is_preview=True).exists():
        begin_preview(folder, district_id)


def discard_previews(folder: Path, now: datetime) -> None:
    """Remove the copies, of every district, that are older than a day."""
    for copy in folder.glob("*.preview.duckdb*"):
        try:
            made_at = datetime.fromtimestamp(copy.lstat().st_mtime, now.tzinfo)
            if not is_within(made_at, KEPT, now):
                remove(copy)
        except OSError:
            continue  # another run has removed it, or removes it the next time


def _copy(source: Path, target: Path) -> None:
    """Copy a file for its owner alone; moved in whole."""
    beginning = target.with_name(f"{target.name}.new")
    remove(beginning)
    shutil.copyfile(source, private_file(beginning))
    beginning.replace(target)
