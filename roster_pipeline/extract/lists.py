"""Clever → files: all lists of one district, one file each. Loading the files is land's."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

import zstandard

from roster_pipeline.extract.pagination import pages
from roster_pipeline.model.feed import Feed, Rejection, ResourceRead
from roster_pipeline.model.resources import RESOURCES, Resource

if TYPE_CHECKING:
    from pathlib import Path

    from roster_pipeline.extract.client import CleverClient, DistrictConnection

READERS = 2
"""Lists read at once."""
LEVEL = 1
"""Of zstd: the files live for minutes."""


class _Stopped(Exception):
    """This list was given up because the feed is lost."""


def read_feed(
    client: CleverClient, district_id: str, into: Path, *, resources: tuple[Resource, ...] = RESOURCES
) -> Feed:
    """Read a district and every list of it; raises as `read_lists`, and DistrictUnknown for a district not shared."""
    connection = client.connection(district_id)
    return Feed(connection.district(), read_lists(connection, into, resources=resources))


def read_lists(
    connection: DistrictConnection, into: Path, *, resources: tuple[Resource, ...] = RESOURCES
) -> tuple[ResourceRead, ...]:
    """Read every list of a district to its end.

    Args:
        into: a folder for `<resource>.ndjson.zst`, made if it is missing. It then holds data about people. The caller
            removes it, also after an error.

    Raises:
        SourceUnusable: a list could not be read to its end. This is the first such error; the other lists are stopped.
    """
    into.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    with ThreadPoolExecutor(READERS) as pool:
        reads = [
            pool.submit(_read, connection, resource, into / f"{resource.name}.ndjson.zst", stop)
            for resource in resources
        ]
        try:
            for read in as_completed(reads):
                fault = read.exception()
                if fault is not None and not isinstance(fault, _Stopped):
                    raise fault
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    return tuple(read.result() for read in reads)


def compressed(file: Path) -> BinaryIO:
    """The file, opened for lines of NDJSON."""
    opened: BinaryIO = zstandard.open(file, "wb", cctx=zstandard.ZstdCompressor(LEVEL))
    return opened


def _read(connection: DistrictConnection, resource: Resource, file: Path, stop: threading.Event) -> ResourceRead:
    """One list into one file. Holds one page at a time, however long the list."""
    count = rows = 0
    rejections: list[Rejection] = []
    with ExitStack() as failed, compressed(file) as out:
        failed.callback(stop.set)
        for page in pages(connection, resource):
            if stop.is_set():
                raise _Stopped
            out.write(page.lines)
            count += 1
            rows += page.rows
            rejections += page.rejections
        failed.pop_all()
    return ResourceRead(resource, file, count, rows, tuple(rejections))
