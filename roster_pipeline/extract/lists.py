"""Read all lists of one district from Clever into landing files, one file for each list."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack
from typing import TYPE_CHECKING, BinaryIO

import httpx
import zstandard

from roster_pipeline.extract import pagination
from roster_pipeline.extract.decode import Page, PageDecoder
from roster_pipeline.model.feed import Feed, ListFile, Rejection
from roster_pipeline.model.resources import RESOURCES, Resource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from roster_pipeline.extract.client import CleverClient, DistrictConnection

READERS = 2
"""The number of lists that are read at the same time."""
ZSTD_LEVEL = 1
"""The compression level. It is low, because landing files exist for minutes only."""


class _Stopped(Exception):
    """The reading of a list stopped because another list failed."""


def read_feed(
    client: CleverClient, district_id: str, folder: Path, *, resources: tuple[Resource, ...] = RESOURCES
) -> Feed:
    """Read a district and all its lists.

    Raises:
        DistrictNotShown: Clever does not show the district.
        SourceUnusable: the district or a list could not be read to its end.
    """
    connection = client.connection(district_id)
    return Feed(connection.district(), read_lists(connection, folder, resources=resources))


def read_lists(
    connection: DistrictConnection,
    folder: Path,
    *,
    resources: tuple[Resource, ...] = RESOURCES,
    on_rows: Callable[[int], None] = lambda _rows: None,
) -> tuple[ListFile, ...]:
    """Read every list of a district to its end.

    Args:
        connection: the connection of the district.
        folder: the folder for the files `<resource>.ndjson.zst`. It is created if it is missing. It then holds data
            of people, so the caller removes it, after an error too.
        resources: the lists.
        on_rows: called with the number of rows of each page. Several threads call it.

    Raises:
        SourceUnusable: a list could not be read to its end. This is the first such error. It stops the other lists.
    """
    folder.mkdir(parents=True, exist_ok=True)
    stop = threading.Event()
    with ThreadPoolExecutor(READERS) as pool:
        futures = [
            pool.submit(_read_list, connection, resource, folder / f"{resource.name}.ndjson.zst", stop, on_rows)
            for resource in resources
        ]
        try:
            for future in as_completed(futures):
                error = future.exception()
                if error is not None and not isinstance(error, _Stopped):
                    raise error
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)
    return tuple(future.result() for future in futures)


def read_pages(connection: DistrictConnection, resource: Resource) -> Iterator[Page]:
    """Yield the pages of one list. If the iteration ends without an error, every page was read.

    Raises:
        SourceUnusable: a page could not be read, is not a page of records, or the list has no end.
    """
    label = f"District {connection.district_id}, {resource.name}"
    decoder = PageDecoder(resource, connection.district_id)
    role = {"role": resource.role} if resource.role else {}
    address = connection.client.access.lists.join(resource.path)
    url = httpx.URL(address, params={"limit": pagination.LIMIT, **role})
    return pagination.follow_pages(connection, url, lambda body: decoder.decode(body, label), label)


def open_compressed(file: Path) -> BinaryIO:
    """Open a file that compresses the lines written to it."""
    opened: BinaryIO = zstandard.open(file, "wb", cctx=zstandard.ZstdCompressor(ZSTD_LEVEL))
    return opened


def _read_list(
    connection: DistrictConnection,
    resource: Resource,
    file: Path,
    stop: threading.Event,
    on_rows: Callable[[int], None],
) -> ListFile:
    """Read one list into one file. Only one page at a time is in memory."""
    pages = rows = 0
    rejections: list[Rejection] = []
    with ExitStack() as on_failure, open_compressed(file) as out:
        on_failure.callback(stop.set)
        for page in read_pages(connection, resource):
            if stop.is_set():
                raise _Stopped
            out.write(page.lines)
            pages += 1
            rows += page.rows
            on_rows(page.rows)
            rejections += page.rejections
        on_failure.pop_all()
    return ListFile(resource, file, pages, rows, tuple(rejections))
