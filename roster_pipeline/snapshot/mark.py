"""The mark of what the snapshot is made from, by which the sensor sees cheaply that nothing has happened."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.tables import organizations, syncs
from roster_pipeline.settings import Settings
from roster_pipeline.snapshot.file import LATEST
from roster_pipeline.snapshot.tables import FILES

DESCRIPTION = ("id", "clever_district_id", "name", "tier", "time_zone", "key_fingerprint")


def read_mark(settings: Settings, pg: Connection) -> str:
    """Return a text that is another one whenever `has_news` may have another answer.

    A sync that ends changes the newest number, the newest end or the number of running syncs. Each of them is read from
    an index.
    """
    parts = (FILES, _read_newest(pg), _read_descriptions(pg), list(_stat_files(settings)))
    return sha256(repr(parts).encode()).hexdigest()


def _read_newest(pg: Connection) -> tuple[Any, ...]:
    running = sa.select(sa.func.count()).where(syncs.c.state == "running").scalar_subquery()
    return tuple(pg.execute(sa.select(sa.func.max(syncs.c.id), sa.func.max(syncs.c.finished_at), running)).one())


def _read_descriptions(pg: Connection) -> list[tuple[Any, ...]]:
    columns = [organizations.c[name] for name in DESCRIPTION]
    return [tuple(row) for row in pg.execute(sa.select(*columns).order_by(organizations.c.id))]


def _stat_files(settings: Settings) -> Iterator[tuple[int, int] | None]:
    """Yield when each file of the snapshot, and the folder of the keys, was changed, and its size."""
    files = [settings.snapshots_folder / layout.place / LATEST for layout in FILES]
    for file in (*files, settings.keys_folder):
        yield _stat(file)


def _stat(file: Path) -> tuple[int, int] | None:
    try:
        stat = file.stat()
    except OSError:
        return None
    return stat.st_mtime_ns, stat.st_size
