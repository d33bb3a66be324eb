"""Guard decisions against stored times from a clock that was wrong.

A stored time more than `CLOCK_TOLERANCE` ahead of now was written by a wrong clock. Such a time counts as unknown, so
that it does not decide for ever.
"""

from __future__ import annotations

from datetime import datetime, timedelta

CLOCK_TOLERANCE = timedelta(minutes=5)
"""The most by which the clocks of several machines are expected to differ."""


def trusted_time(moment: datetime | None, now: datetime) -> datetime | None:
    """Return a stored time, or None if no time was stored or if it lies ahead of now."""
    return moment if moment is not None and moment <= now + CLOCK_TOLERANCE else None


def is_within(moment: datetime | None, span: timedelta, now: datetime) -> bool:
    """Return whether a stored time is trusted and at most `span` ago."""
    stored = trusted_time(moment, now)
    return stored is not None and now - stored <= span
