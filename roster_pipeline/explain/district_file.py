"""Opens a district file for reading, without disturbing a sync.

The file is opened only while no sync of the district runs. A sync opens the file again at each of its steps, which
would fail while another process has it open.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeVar

import duckdb
from sqlalchemy import Connection

from roster_pipeline.damaged import as_damage, is_in_use, move_aside
from roster_pipeline.errors import FileDamaged
from roster_pipeline.messages import product
from roster_pipeline.model.queries import define_macros
from roster_pipeline.product.database import share_district

Answer = TypeVar("Answer")
OPTIONS: dict[str, str | bool | int | float | list[str]] = {
    "memory_limit": "512MB",
    "threads": 2,
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


@dataclass(frozen=True)
class Unread:
    """The reason why a district file cannot be read now.

    Attributes:
        reason: the message id of the end of a sentence, in the domain `product`.
    """

    reason: str
    is_running: bool = False


NO_FILE = Unread(product.mark("this machine has no data of the district"))
SYNC_IS_RUNNING = Unread(
    product.mark("a sync of this district is running; ask again when it has ended"), is_running=True
)
DAMAGED = Unread(product.mark("the file was damaged and is moved aside; the next sync reads the district in full"))
IN_USE = Unread(product.mark("another program has the file open"))
CANNOT_OPEN = Unread(product.mark("the file cannot be opened"))


@contextmanager
def open_file(
    pg: Connection, folder: Path, district_id: str, *, is_preview: bool = False
) -> Iterator[duckdb.DuckDBPyConnection | Unread]:
    """Open a district file read-only, or return why that is not possible.

    No sync of the district begins before the transaction of `pg` ends.

    Args:
        is_preview: open the copy that the last preview worked on.

    Raises:
        FileDamaged: a damaged page was read after the file was opened. The file was moved aside. Call this again.
    """
    file = folder / f"{district_id}{'.preview' if is_preview else ''}.duckdb"
    if not file.exists():
        yield NO_FILE
        return
    if not share_district(pg, district_id):
        yield SYNC_IS_RUNNING
        return
    try:
        with as_damage(file, f"District {district_id}'s file"):
            con = duckdb.connect(file, read_only=True, config=OPTIONS)
    except FileDamaged:
        move_aside(file, _database_time(pg))
        yield DAMAGED
        return
    except duckdb.Error as fault:
        yield IN_USE if is_in_use(fault) else CANNOT_OPEN
        return
    try:
        with as_damage(file, f"District {district_id}'s file"), con:
            con.execute("set timezone = 'UTC'; set enable_progress_bar = false")
            define_macros(con)
            yield con
    except FileDamaged:
        move_aside(file, _database_time(pg))
        raise


def retry_when_damaged(read: Callable[[], Answer]) -> Answer:
    """Call `read` again while it finds a damaged file. That file was moved aside, so the next call does not see it."""
    while True:
        try:
            return read()
        except FileDamaged:
            continue


def _database_time(pg: Connection) -> datetime:
    moment = pg.exec_driver_sql("select now()").scalar_one()
    assert isinstance(moment, datetime)
    return moment
