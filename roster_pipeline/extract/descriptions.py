"""Read how Clever describes each district: the list of connections once, then eight districts at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from roster_pipeline.errors import SourceUnreachable, SourceUnusable

if TYPE_CHECKING:
    from roster_pipeline.extract.client import CleverClient, DistrictConnection
    from roster_pipeline.model.feed import District

READERS = 8
"""The number of districts that are read at once. Each has its own token and its own rate limit."""
MAX_UNREACHABLE = 8
"""After this number of districts without an answer, the others are skipped. Each would take as long to fail."""


def describe_districts(client: CleverClient) -> dict[str, District | SourceUnusable]:
    """Return the description of each district by its id, or the error that the request ended with.

    Raises:
        SourceUnusable: the list of connections could not be read.
    """
    connections = client.connections()
    unreachable: list[SourceUnreachable] = []

    def describe(connection: DistrictConnection) -> District | SourceUnusable:
        if len(unreachable) >= MAX_UNREACHABLE:
            return SourceUnreachable(
                f"District {connection.district_id} was skipped, because Clever did not respond for "
                f"{len(unreachable)} other districts. Check status.clever.com, then run again."
            )
        try:
            return connection.district()
        except SourceUnusable as error:
            if isinstance(error, SourceUnreachable):
                unreachable.append(error)
            return error

    with ThreadPoolExecutor(READERS) as pool:
        try:
            return dict(zip(connections, pool.map(describe, connections.values()), strict=True))
        finally:
            pool.shutdown(cancel_futures=True)
