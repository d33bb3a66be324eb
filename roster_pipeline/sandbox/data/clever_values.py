"""How Clever writes ids and times. No objects, and no clock: every moment is handed in."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
"""Day 0 of every district; later days follow from it, so that nothing depends on when the sandbox runs."""


def clever_time(moment: datetime) -> str:
    """`moment` as `YYYY-MM-DDTHH:MM:SS.SSSZ`, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def last_upload(now: datetime) -> datetime:
    """When districts last sent their files: every night at the hour of `EPOCH`. All of a day's starts agree on it."""
    tonight = now.astimezone(UTC).replace(hour=EPOCH.hour, minute=0, second=0, microsecond=0)
    return tonight if tonight <= now else tonight - timedelta(days=1)


class ObjectIds:
    """Ids of 24 hexadecimal digits: 8 of seconds, 10 of the district, 6 of a counter.

    They ascend as long as the moments asked for do, which is what Clever's paging and feed order rest on.
    """

    def __init__(self, mark: str) -> None:
        """`mark`: ten hexadecimal digits that no other district has."""
        self._mark = mark
        self._counter = 0

    def at(self, moment: datetime) -> str:
        """A new id, created at `moment`."""
        self._counter += 1
        return f"{int(moment.timestamp()):08x}{self._mark}{self._counter:06x}"
