"""Write ids and times as Clever does. No function reads a clock."""

from datetime import UTC, datetime, timedelta

EPOCH = datetime(2026, 11, 2, 1, 0, tzinfo=UTC)
"""Day 0 of each district. Later days are counted from it, and do not depend on when the sandbox runs."""


def clever_time(moment: datetime) -> str:
    """Return a time as `YYYY-MM-DDTHH:MM:SS.SSSZ`, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def last_upload(now: datetime) -> datetime:
    """Return when districts last uploaded their files, which they do each night at the hour of `EPOCH`."""
    tonight = now.astimezone(UTC).replace(hour=EPOCH.hour, minute=0, second=0, microsecond=0)
    return tonight if tonight <= now else tonight - timedelta(days=1)


class ObjectIds:
    """A source of ids of 24 hexadecimal digits: 8 of the time, 10 of the district, 6 of a counter.

    The ids ascend if the times do. Paging and the order of events depend on it.
    """

    def __init__(self, mark: str) -> None:
        """Create the source. `mark` is ten hexadecimal digits that no other district has."""
        self._mark = mark
        self._counter = 0

    def at(self, moment: datetime) -> str:
        """Return a new id with a time of creation."""
        self._counter += 1
        return f"{int(moment.timestamp()):08x}{self._mark}{self._counter:06x}"
