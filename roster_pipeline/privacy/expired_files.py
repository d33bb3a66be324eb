"""Removes the files of ROSTER_HOME whose retention period has ended."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine

from roster_pipeline.damaged import remove
from roster_pipeline.privacy.policy import RetentionPolicy
from roster_pipeline.privacy.stores.store import list_files
from roster_pipeline.product.database import share_district, transaction
from roster_pipeline.product.tables import organizations
from roster_pipeline.settings import Settings

DAMAGED = ".damaged-"
TIME_IN_NAME = "%Y%m%dT%H%M%S%fZ"


def remove_expired_files(settings: Settings, engine: Engine, policy: RetentionPolicy, now: datetime) -> dict[str, int]:
    """Remove old files, and return their number by the kind of the retention period. A file in use stays."""
    before = policy.start("rejected_records", now)
    damaged = [
        file
        for folder in (settings.districts_folder, settings.snapshots_folder)
        for file in folder.rglob(f"*{DAMAGED}*")
        if _read_time(file, now) < before
    ]
    for file in damaged:
        remove(file)
    read_at = sa.func.coalesce(organizations.c.last_read_at, organizations.c.last_full_read_at)
    with transaction(engine) as pg:
        districts = pg.execute(
            sa.select(organizations.c.clever_district_id, read_at < before).where(organizations.c.tier != "library")
        ).all()
    files = sum(_remove_unread(settings, engine, district) for district, is_old in districts if is_old)
    landing = sum(_remove_landing(engine, place) for place in _list_landing(settings, policy, now))
    return {"rejected_records": len(damaged) + files, "landing_files": landing}


def _read_time(file: Path, now: datetime) -> datetime:
    """Return the time in the name of a file that was set aside."""
    text = file.name.rpartition(DAMAGED)[2].removesuffix(".wal")
    try:
        return datetime.strptime(text, TIME_IN_NAME).replace(tzinfo=now.tzinfo)
    except ValueError:
        return now


def _remove_unread(settings: Settings, engine: Engine, district_id: str) -> int:
    """Remove the files of a district that no sync has read for long, unless a sync is running."""
    with transaction(engine) as pg:
        if not share_district(pg, district_id):
            return 0
        files = list(settings.districts_folder.glob(f"{district_id}.*"))
        for file in files:
            remove(file)
    return len(files)


def _list_landing(settings: Settings, policy: RetentionPolicy, now: datetime) -> Iterator[Path]:
    before = policy.start("landing_files", now).timestamp()
    for place in sorted(settings.landing_folder.glob("*")):
        if place.lstat().st_mtime <= before:
            yield place


def _remove_landing(engine: Engine, place: Path) -> int:
    """Remove a landing folder, unless the sync that writes it is running. Return the number of files that it had.

    The name of the folder is that of the lock.
    """
    with transaction(engine) as pg:
        if not share_district(pg, place.name):
            return 0
        files = len(list_files([place]))
        remove(place)
    return files
