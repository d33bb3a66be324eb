"""A bound on the screens that read a district file. Such an answer takes longer than a list, and lists go first."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import BoundedSemaphore

import anyio

from roster_pipeline.web.overload import TooBusy

AT_ONCE = BoundedSemaphore(2)
"""How many answers one program makes at a time. Each reads a district file."""
PATIENCE_SECONDS, LOOK_SECONDS = 20.0, 0.05
"""How long a request waits for its turn, and how often it looks."""


@asynccontextmanager
async def file_turn() -> AsyncIterator[None]:
    """Wait until fewer than two answers are being made. A request that waits holds no thread and no connection.

    Raises:
        TooBusy: too many people ask at once.
    """
    end = anyio.current_time() + PATIENCE_SECONDS
    while not AT_ONCE.acquire(blocking=False):
        if anyio.current_time() >= end:
            raise TooBusy
        await anyio.sleep(LOOK_SECONDS)
    try:
        yield
    finally:
        AT_ONCE.release()
