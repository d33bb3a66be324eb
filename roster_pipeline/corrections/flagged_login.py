"""Flags the login of a teacher whose account has another name (docs/rules.md R2.17), and ends a login that was flagged.

A district with logins only has no sync, so a login links its teachers by exact email. Such a link is a row of
`web_identities`. The review asks whether the person is the one of the account.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.tables import reviews, web_identities, web_sessions
from roster_pipeline.publish.new_review import select_new_review
from roster_pipeline.publish.writer import write_rows
from roster_pipeline.syncs.correction_records import begin_correction, finish_correction

REASON = "name_differs"
RULE = "login"
"""The rule in the evidence of the review. It says that a login made the link, and no sync."""
login_links = web_identities.c


def flag_login(
    pg: Connection,
    organization_id: int,
    clever_id: str,
    account_id: int,
    clever_says: Mapping[str, str | None],
    at: datetime,
) -> int | None:
    """Open the review about a login, in the transaction of `pg`. The caller holds the lock of the district.

    Args:
        clever_says: the names, the email and the role that Clever gave at the login.

    Returns:
        The sync that records it, or None if the login has ended or its review is open already.
    """
    is_open = sa.and_(reviews.c.clever_id == clever_id, reviews.c.reason == REASON, reviews.c.state == "open")
    if find_login_account(pg, clever_id) != account_id or pg.execute(sa.select(reviews.c.id).where(is_open)).first():
        return None
    sync_id = begin_correction(pg, organization_id, "resolve", at)
    write_as_sync(pg, organization_id)
    review = select_new_review(
        organization_id,
        clever_id=clever_id,
        reason=REASON,
        account_id=account_id,
        evidence={"rule": RULE, "account_id": account_id, "suggestion": "same"},
        clever_says=clever_says,
    )
    counts = write_rows(pg, {"reviews": [review]}, sync_id)
    finish_correction(pg, sync_id, {"decision": "flag", "changes": counts}, at)
    return sync_id


def find_login_account(pg: Connection, clever_id: str) -> int | None:
    """Return the account that the login of a person opens without an identity link, or None."""
    account_id: int | None = pg.execute(sa.select(login_links.account_id).where(_is_live(clever_id))).scalar()
    return account_id


def end_login(pg: Connection, clever_id: str, at: datetime) -> None:
    """End the link of a login and the sessions that it began."""
    session = web_sessions.c
    pg.execute(web_identities.update().where(_is_live(clever_id)).values(unlinked_at=at))
    is_open = sa.and_(session.clever_id == clever_id, session.ended_at.is_(None))
    pg.execute(web_sessions.update().where(is_open).values(ended_at=at))


def _is_live(clever_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(
        login_links.provider == "clever", login_links.subject == clever_id, login_links.unlinked_at.is_(None)
    )
