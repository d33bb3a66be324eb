"""What Clever says of every district that the connection shows: the list once, then eight districts at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from roster_pipeline.errors import SourceUnreachable, SourceUnusable

if TYPE_CHECKING:
    from roster_pipeline.extract.client import CleverClient, DistrictConnection
    from roster_pipeline.model.feed import District

READERS = 8
"""Districts described at once; each has a token, and so a rate limit, of its own."""
UNREACHABLE_MOST = 8
"""So many districts without any answer, and the rest are passed over: each would take as long, and end alike."""


def describe_districts(client: CleverClient) -> dict[str, District | SourceUnusable]:
    """Every district that the connection shows, by id, or why Clever would not describe it.

    Raises:
        SourceUnusable: Clever did not give the list.
    """
    connections = client.connections()
    unreachable: list[SourceUnreachable] = []

    def describe(connection: DistrictConnection) -> District | SourceUnusable:
        if len(unreachable) >= UNREACHABLE_MOST:
            return SourceUnreachable(
                f"District {connection.district_id} was passed over, as Clever did not answer for "
                f"{len(unreachable)} others; see status.clever.com, run again."
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
