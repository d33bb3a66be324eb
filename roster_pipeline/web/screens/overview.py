"""The first screens of admins and teachers: the Overview, and the classes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy import Connection
from starlette.responses import Response

from roster_pipeline.messages import LocalCatalogue, product
from roster_pipeline.product.connection_checklist import find_next_step, read_checklist
from roster_pipeline.product.connections import find_refresh_stop
from roster_pipeline.product.tables import directory, rosters, schools
from roster_pipeline.syncs.requests import estimate_answer_time
from roster_pipeline.web.admins import list_schools
from roster_pipeline.web.answers import describe_estimate
from roster_pipeline.web.chart import DAYS, Chart, draw_days, read_own_summaries, read_summaries
from roster_pipeline.web.checklist_words import describe_step
from roster_pipeline.web.needs import list_needs
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import ADMINS, Role
from roster_pipeline.web.routing import get
from roster_pipeline.web.school_changes import count_in_schools
from roster_pipeline.web.sync_lines import describe_syncs, list_syncs

LAST_UPDATES = 5
NOTHING_SHARED = product.mark(
    "Clever answers, but your district shares nothing with us yet. Nothing was removed here. In Clever, open "
    "Applications, then our app, then Edit sharing."
)


@dataclass(frozen=True)
class Tile:
    """A number with its noun, such as `21 teachers`, and the list that it leads to."""

    text: str
    path: str
    more: str = ""

    @property
    def number(self) -> str:
        return self.text.partition(" ")[0]

    @property
    def noun(self) -> str:
        return self.text.partition(" ")[2]


def show_overview(page: Page) -> Response:
    """Show the counts, the last updates and what waits for the admin. Before the first update, show the checklist."""
    if page.own.last_published_at is None:
        return _show_checklist(page)
    sees_all = page.viewer.role is Role.DISTRICT_ADMIN
    counts = count_records(page.pg, page.own.id)
    syncs = list_syncs(page.pg, limit=LAST_UPDATES)
    own = None if sees_all else count_in_schools(page.pg, syncs, page.place.schools)
    return page.render(
        "overview.html",
        counts=counts,
        tiles=_list_tiles(counts, page.words, _own_teachers_path(page) or "/clever/teachers"),
        needs=list_needs(page.pg, page.own.id, page.viewer.role, page.words, _own_teachers_path(page)),
        lines=describe_syncs(syncs, page.words, own),
        chart=_draw_chart(page, sees_all=sees_all),
        usual=describe_estimate(estimate_answer_time(page.pg, page.own.district_id, page.now), page.words),
        own_schools=[] if sees_all else list_schools(page.pg),
        clever_notes=_describe_clever(page, counts.schools),
    )


def _draw_chart(page: Page, *, sees_all: bool) -> Chart:
    """Return the chart of the people who joined and left in the last days, of a school admin's schools alone."""
    since = page.now - timedelta(days=DAYS + 1)
    own = read_summaries(page.pg, since) if sees_all else read_own_summaries(page.pg, since, page.place.schools)
    return draw_days(own, page.now, page.own.time_zone, page.words)


def _show_checklist(page: Page) -> Response:
    """Show the steps to the first update, with the next one on top."""
    steps = read_checklist(page.pg, page.own)
    following = find_next_step(steps)
    return page.render(
        "checklist.html",
        lines=[describe_step(step, page.words) for step in steps],
        following=describe_step(following, page.words) if following else None,
        may_start=find_refresh_stop(page.own) is None and page.may("update_district"),
        clever_notes=_describe_clever(page, count_records(page.pg, page.own.id).schools),
    )


def _own_teachers_path(page: Page) -> str | None:
    """Return where an admin of one school finds its teachers, or None for an admin who has a list of teachers."""
    if page.viewer.role is Role.DISTRICT_ADMIN or len(page.place.schools) > 1:
        return None
    return f"/clever/schools/{page.place.schools[0]}" if page.place.schools else "/clever/schools"


def _list_tiles(
    counts: sa.Row[tuple[int, int, int, int, int]], words: LocalCatalogue, teachers_path: str
) -> list[Tile]:
    """Return the four numbers of the Overview. Hidden classes are said."""
    hidden = words.count("{n:,} hidden", "{n:,} hidden", counts.hidden) if counts.hidden else ""
    return [
        Tile(words.count("{n:,} school", "{n:,} schools", counts.schools), "/clever/schools"),
        Tile(words.count("{n:,} teacher", "{n:,} teachers", counts.teachers), teachers_path),
        Tile(words.count("{n:,} class", "{n:,} classes", counts.classes), "/clever/classes", hidden),
        Tile(words.count("{n:,} student", "{n:,} students", counts.students), "/clever/students"),
    ]


def _describe_clever(page: Page, schools: int) -> list[str]:
    """Say what Clever reports about the district: that it is paused, its error, or that it shares nothing.

    Args:
        schools: the number of live schools.
    """
    words, own, notes = page.words, page.own, []
    if own.clever_pause_end and own.clever_pause_end > page.now:
        time = words.at(own.clever_pause_end)
        notes.append(words.text("Clever is paused until {time}. Class lists stay as they are.", time=time))
    if own.clever_error:
        notes.append(words.text("Clever says: “{text}”", text=own.clever_error))
    if own.last_read_at and not schools:
        notes.append(words.text(NOTHING_SHARED))
    return notes


def count_records(pg: Connection, organization_id: int) -> sa.Row[tuple[int, int, int, int, int]]:
    """Return the counts of live records: schools, teachers, classes, hidden classes and students.

    The people are those of the lists, so an admin who teaches counts as a teacher.
    """
    is_member = directory.c.organization_id == organization_id
    live_class = rosters.c.archived_at.is_(None)

    def count(*conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        return sa.select(sa.func.count()).where(*conditions).scalar_subquery()

    return pg.execute(
        sa.select(
            count(schools.c.archived_at.is_(None)).label("schools"),
            count(is_member, directory.c.role == "teacher").label("teachers"),
            count(live_class).label("classes"),
            count(live_class, rosters.c.hidden_at.is_not(None)).label("hidden"),
            count(is_member, directory.c.role == "student").label("students"),
        )
    ).one()


ROUTES = [get("/clever", show_overview, ADMINS)]
