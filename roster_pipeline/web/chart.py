"""The chart of people who joined and left, by day on the Overview and by week on the page of a school.

The server draws the bars. Their numbers also stand in a table, so nothing depends on the picture or on a color.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.messages import LocalCatalogue
from roster_pipeline.plan.change_summary import ChangeSummary
from roster_pipeline.product.tables import syncs
from roster_pipeline.web.school_changes import count_in_schools
from roster_pipeline.web.sync_lines import list_syncs

DAYS, WEEKS = 14, 8
PEOPLE = ("student", "teacher")
JOINED, LEFT = ("joined", "returned"), ("left",)
HERE = {"added to a school": "joined", "taken out of a school": "left"}
"""The changes of a school's people that the chart of schools counts."""
Summary = tuple[datetime, ChangeSummary]
"""When a sync ended, and what it changed."""
MOST_SYNCS = 200
HALF_HEIGHT = 60
"""The height of the longest bar. The axis lies in the middle."""
STEP, WIDTH = 48, 32
"""The distance of two bars, and the width of one."""


@dataclass(frozen=True)
class Bar:
    """The people of one day or week, and where its two bars are."""

    name: str
    joined: int
    left: int
    x: int
    up: int
    down: int


@dataclass(frozen=True)
class Chart:
    """The bars of a chart, from the oldest to the newest."""

    bars: list[Bar]
    joined: int
    left: int

    @property
    def width(self) -> int:
        return len(self.bars) * STEP

    @property
    def is_empty(self) -> bool:
        return not (self.joined or self.left)


def draw_days(summaries: Iterable[Summary], now: datetime, zone: str, words: LocalCatalogue) -> Chart:
    """Return the chart of the last days."""
    today = now.astimezone(ZoneInfo(zone)).date()
    days = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    return _draw(days, [(at.astimezone(ZoneInfo(zone)).date(), counts) for at, counts in summaries], words)


def draw_weeks(summaries: Iterable[Summary], now: datetime, zone: str, words: LocalCatalogue) -> Chart:
    """Return the chart of the last weeks. Each bar is named by the Monday of its week."""
    this_week = _week_of(now.astimezone(ZoneInfo(zone)).date())
    weeks = [this_week - timedelta(weeks=back) for back in reversed(range(WEEKS))]
    by_week = [(_week_of(at.astimezone(ZoneInfo(zone)).date()), counts) for at, counts in summaries]
    return _draw(weeks, by_week, words)


def read_summaries(pg: Connection, since: datetime) -> list[Summary]:
    """Return what each sync of the district changed that began since a time and was not taken back."""
    columns = syncs.c
    is_recent = sa.and_(columns.started_at > since, columns.state.in_(("published", "held")))
    rows = pg.execute(sa.select(columns.finished_at, columns.counts["told"]).where(is_recent).order_by(columns.id))
    return [(row[0], row[1] or {}) for row in rows]


def read_own_summaries(pg: Connection, since: datetime, school_ids: Collection[int]) -> list[Summary]:
    """Return what each of these syncs changed in some schools, without the large syncs."""
    recent = {sync.id: sync for sync in list_syncs(pg, limit=MOST_SYNCS) if sync.ended_at > since}
    standing = [sync for sync in recent.values() if sync.state in ("published", "held")]
    counts = count_in_schools(pg, standing, school_ids)
    return [(recent[sync_id].ended_at, _as_people(summary)) for sync_id, summary in counts.items()]


def _as_people(summary: ChangeSummary) -> ChangeSummary:
    """Return the people who came to a school or left it as people who joined or left."""
    return {
        noun: {HERE[change]: number for change, number in changes.items() if change in HERE}
        for noun, changes in summary.items()
    }


def _week_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _draw(dates: list[date], summaries: Iterable[tuple[date, ChangeSummary]], words: LocalCatalogue) -> Chart:
    """Sum the people of each date, and scale the bars to the greatest number."""
    joined, left = dict.fromkeys(dates, 0), dict.fromkeys(dates, 0)
    for at, summary in summaries:
        if at in joined:
            joined[at] += _count_people(summary, JOINED)
            left[at] += _count_people(summary, LEFT)
    most = max(1, *joined.values(), *left.values())

    def height(number: int) -> int:
        # One person among thousands is still to be seen.
        return max(4, round(HALF_HEIGHT * number / most)) if number else 0

    bars = [
        Bar(
            words.day(at),
            joined[at],
            left[at],
            place * STEP + (STEP - WIDTH) // 2,
            height(joined[at]),
            height(left[at]),
        )
        for place, at in enumerate(dates)
    ]
    return Chart(bars, sum(joined.values()), sum(left.values()))


def _count_people(summary: ChangeSummary, changes: Collection[str]) -> int:
    return sum(summary.get(noun, {}).get(change, 0) for noun in PEOPLE for change in changes)
