"""A bound on the screens that read a district file. Such an answer takes longer than a list, and lists go first."""

from __future__ import annotations

from collections.abc import Callable
from threading import BoundedSemaphore
from typing import TypeVar

from starlette.exceptions import HTTPException

Answer = TypeVar("Answer")
AT_ONCE = BoundedSemaphore(2)
"""How many answers one program makes at a time. Each reads a district file."""
PATIENCE_SECONDS = 20


def limited(read: Callable[[], Answer]) -> Answer:
    """Call `read` when fewer than two answers are being made.

    Raises:
        HTTPException: 503, too many people ask at once.
    """
    if not AT_ONCE.acquire(timeout=PATIENCE_SECONDS):
        raise HTTPException(503)
    try:
        return read()
    finally:
        AT_ONCE.release()
