"""Times that were stored, as a decision may use them: a clock that was wrong once must not decide for ever.

A stored time more than `AHEAD` after now was written by a clock that ran ahead, so it counts as unknown.
"""

from __future__ import annotations

from datetime import datetime, timedelta

AHEAD = timedelta(minutes=5)
"""By so much the clocks of several machines may differ."""


def known(moment: datetime | None, now: datetime) -> datetime | None:
    """The time, or None if it is not known: none was stored, or it lies ahead of now."""
    return moment if moment is not None and moment <= now + AHEAD else None


def is_within(moment: datetime | None, span: timedelta, now: datetime) -> bool:
    """Whether a time is known and at most `span` ago."""
    stored = known(moment, now)
    return stored is not None and now - stored <= span
