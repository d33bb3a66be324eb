"""What Clever shares with this product: how many records, which fields are kept, and which never are."""

from __future__ import annotations

import sqlalchemy as sa
from starlette.responses import Response

from roster_pipeline.product.tables import org_memberships, rosters, schools, syncs
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import STAFF
from roster_pipeline.web.routing import get
from roster_pipeline.web.shared_fields import NEVER_KEPT, list_shared


def show_sharing(page: Page) -> Response:
    """Show what Clever shares, who sees it, since when, and how often it is read."""
    began = sa.select(sa.func.min(syncs.c.started_at)).where(syncs.c.state.in_(("published", "held")))
    return page.render(
        "sharing.html",
        lists=list_shared(page.words, is_library=page.own.tier == "library"),
        counts=count_shared(page),
        never=[page.words.text(name) for name in NEVER_KEPT],
        since=page.pg.execute(began).scalar(),
        portal=page.own.portal_url,
        is_library=page.own.tier == "library",
    )


def count_shared(page: Page) -> dict[str, int]:
    """Return how many live records of each list the visitor sees here."""
    member = sa.and_(org_memberships.c.ended_at.is_(None), org_memberships.c.source == "clever")
    conditions: dict[str, tuple[sa.ColumnElement[bool], ...]] = {
        "schools": (schools.c.archived_at.is_(None),),
        "teachers": (member, org_memberships.c.role == "teacher"),
        "students": (member, org_memberships.c.role == "student"),
        "sections": (rosters.c.archived_at.is_(None), rosters.c.source == "clever"),
    }
    return {
        name: page.pg.execute(sa.select(sa.func.count()).where(*where)).scalar_one()
        for name, where in conditions.items()
    }


ROUTES = [get("/clever/sharing", show_sharing, STAFF)]
