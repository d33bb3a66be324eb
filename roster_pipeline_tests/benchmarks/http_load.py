"""Send GET requests over kept connections, and measure each. The client is small, because it shares the processors."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from statistics import quantiles
from urllib.parse import urlsplit

Request = tuple[str, str]
"""A path and the value of the header `Cookie`."""


@dataclass
class Load:
    """What a load measured.

    Attributes:
        milliseconds: of each answer.
        statuses: how many answers had each status.
        seconds: the time from the first request to the last answer.
    """

    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Return the answers a second."""
        return len(self.milliseconds) / self.seconds

    def percentile(self, percent: int) -> float:
        """Return the milliseconds within which this share of the answers came."""
        return quantiles(self.milliseconds, n=100, method="inclusive")[percent - 1]


def send_requests(
    url: str, choose: Callable[[int], Request], *, connections: int, seconds: float, most: int | None = None
) -> Load:
    """Send requests one after the other on each connection, for some seconds or until a number of them is sent.

    Args:
        choose: returns the request with a number. The numbers count up over all connections.
    """
    return asyncio.run(_send_all(url, choose, connections, seconds, most))


async def _send_all(
    url: str, choose: Callable[[int], Request], connections: int, seconds: float, most: int | None
) -> Load:
    load, numbers = Load(), iter(range(most if most is not None else 10**9))
    began = time.perf_counter()

    async def send_on_one() -> None:
        connection = _Connection(url)
        while time.perf_counter() - began < seconds and (number := next(numbers, None)) is not None:
            sent = time.perf_counter()
            status = await connection.get(*choose(number))
            load.milliseconds.append(1000 * (time.perf_counter() - sent))
            load.statuses[status] += 1
        connection.close()

    await asyncio.gather(*(send_on_one() for _ in range(connections)))
    load.seconds = time.perf_counter() - began
    return load


class _Connection:
    """One connection, which is opened when it is needed."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host, self._port = parts.hostname, parts.port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def get(self, path: str, cookie: str) -> int:
        """Send a request, read the answer, and return its status."""
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port)
        reader, writer = self._streams
        lines = f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nCookie: {cookie}\r\n\r\n"
        writer.write(lines.encode())
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0] or 0))
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
