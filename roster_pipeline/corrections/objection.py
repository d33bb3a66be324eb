"""Opens a review because a person says that the account is not theirs (docs/rules.md R2.2).

The district typed the email by which the account was found, and Clever verifies none. The person keeps the account
until a person of the district decides the review.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.tables import identity_links, reviews
from roster_pipeline.publish.new_review import select_new_review
from roster_pipeline.publish.writer import write_rows
from roster_pipeline.syncs.correction_records import begin_correction, finish_correction

REASON = "name_differs"
"""The reason whose decisions are `same` and `different`."""


def open_objection(pg: Connection, organization_id: int, account_id: int, at: datetime) -> int:
    """Open the review, in the transaction of `pg`. The caller holds the lock of the district.

    Returns:
        The sync that records it.

    Raises:
        CorrectionRefused: no person of the organization was joined to the account by email, or a review is open.
    """
    links = identity_links.c
    joined = sa.and_(
        links.organization_id == organization_id,
        links.account_id == account_id,
        links.unlinked_at.is_(None),
        links.rule == "email",
    )
    clever_id = pg.execute(sa.select(links.clever_id).where(joined)).scalar()
    is_open = sa.and_(reviews.c.clever_id == clever_id, reviews.c.reason == REASON, reviews.c.state == "open")
    if clever_id is None or pg.execute(sa.select(reviews.c.id).where(is_open)).first():
        raise CorrectionRefused(
            operator.text("Account {account} was not joined by email, or its review is open.", account=account_id)
        )
    sync_id = begin_correction(pg, organization_id, "resolve", at)
    write_as_sync(pg, organization_id)
    evidence = {"rule": "email", "account_id": account_id, "suggestion": "different"}
    review = select_new_review(
        organization_id, clever_id=clever_id, reason=REASON, account_id=account_id, evidence=evidence
    )
    counts = write_rows(pg, {"reviews": [review]}, sync_id)
    finish_correction(pg, sync_id, {"decision": "objection", "changes": counts}, at)
    return sync_id
