"""The first screens of admins and teachers: the four counts, and the classes."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import Connection
from starlette.responses import Response

from roster_pipeline.product.tables import org_memberships, rosters, schools
from roster_pipeline.web.classes import list_classes
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import ADMINS, STAFF
from roster_pipeline.web.routing import get


def show_overview(page: Page) -> Response:
    """Show how many schools, teachers, classes and students the admin sees."""
    return page.render("overview.html", counts=count_records(page.pg, page.own.id))


def show_classes(page: Page) -> Response:
    """Show the classes that the person sees, with their teachers."""
    return page.render("classes.html", classes=list_classes(page.pg))


def count_records(pg: Connection, organization_id: int) -> sa.Row[tuple[int, int, int, int, int]]:
    """Return the counts of live records: schools, teachers, classes, hidden classes and students."""
    live_member = sa.and_(org_memberships.c.organization_id == organization_id, org_memberships.c.ended_at.is_(None))
    live_class = rosters.c.archived_at.is_(None)

    def count(*conditions: sa.ColumnElement[bool]) -> sa.ScalarSelect[int]:
        return sa.select(sa.func.count()).where(*conditions).scalar_subquery()

    return pg.execute(
        sa.select(
            count(schools.c.archived_at.is_(None)).label("schools"),
            count(live_member, org_memberships.c.role == "teacher").label("teachers"),
            count(live_class).label("classes"),
            count(live_class, rosters.c.hidden_at.is_not(None)).label("hidden"),
            count(live_member, org_memberships.c.role == "student").label("students"),
        )
    ).one()


ROUTES = [get("/clever", show_overview, ADMINS), get("/clever/classes", show_classes, STAFF)]
