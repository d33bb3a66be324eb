"""The audit trail of the page: every act has one row. A second press of the same form finds the row and its answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.tables import web_audit
from roster_pipeline.web.rights import Viewer
from roster_pipeline.web.visibility import Visibility, set_visibility

if TYPE_CHECKING:
    from roster_pipeline.web.page import Page

LOCK = "select pg_advisory_xact_lock(hashtextextended(:token, 1))"


def find_answer(pg: Connection, form_token: str, viewer: Viewer) -> str | None:
    """Return the screen to which an earlier press of a form led, or None if this is the first press.

    A press that comes at the same time waits here until the first one has ended. The row of a switch to another
    district is in the trail of the district that the person left.
    """
    pg.execute(sa.text(LOCK), {"token": form_token})
    earlier = sa.and_(web_audit.c.form_token == form_token, web_audit.c.account_id == viewer.account_id)
    query = sa.select(web_audit.c.answer).where(earlier)
    answer = pg.execute(query).scalar()
    for place in viewer.places:
        if answer is None and place.organization_id != viewer.visibility.organization_id:
            set_visibility(pg, Visibility(place.organization_id, "self", account_id=viewer.account_id))
            answer = pg.execute(query).scalar()
    set_visibility(pg, viewer.visibility)
    return answer


def record_act(
    page: Page,
    *,
    to: str,
    act: str,
    target: tuple[str, object],
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    """Write the row of an act. Its form token is unique, so no form acts twice.

    A person without a place can only log out and choose a language. No organization has a trail for that.
    """
    place = page.viewer.place
    if place is None:
        return
    kind, identifier = target
    page.pg.execute(
        web_audit.insert().values(
            at=page.now,
            organization_id=place.organization_id,
            account_id=page.viewer.account_id,
            acting=page.viewer.role,
            act=act,
            target_kind=kind,
            target_id=str(identifier),
            before=before,
            after=after,
            form_token=page.form.get("form_token") or None,
            answer=to,
            request_id=page.request_id,
        )
    )
