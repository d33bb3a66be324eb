"""Times in the time zone of a district, which has the name that people there use for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

DEFAULT_TIME_ZONE = "America/New_York"
SEASONS = {"EST": "ET", "EDT": "ET", "CST": "CT", "CDT": "CT", "MST": "MT", "MDT": "MT"} | {
    "PST": "PT",
    "PDT": "PT",
    "AKST": "AKT",
    "AKDT": "AKT",
    "HST": "HT",
    "HDT": "HT",
}
"""By the abbreviation of summer or winter time: the one that is used all year round in the United States."""
HALF_A_YEAR = timedelta(days=182)


@dataclass(frozen=True)
class LocalTime:
    """A time as the clocks of a time zone show it, and the abbreviation of the zone."""

    moment: datetime
    zone: str

    @property
    def year(self) -> int:
        return self.moment.year


def is_time_zone(name: str) -> bool:
    """Return whether this is the IANA name of a time zone, such as `America/Chicago`."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def local_time(moment: datetime, zone: str) -> LocalTime:
    """Return a time in a time zone."""
    local = moment.astimezone(ZoneInfo(zone))
    return LocalTime(local, _abbreviation(local))


def _abbreviation(local: datetime) -> str:
    """Return `ET` for `EST` and `EDT`; `MST` stays in Arizona, where no clock changes."""
    name, name_in_the_other_season = f"{local:%Z}", f"{local + HALF_A_YEAR:%Z}"
    return SEASONS.get(name, name) if name != name_in_the_other_season else name
