"""Records that a person of Clever and an account are two people, before any rule links them (docs/rules.md R2.30)."""

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

REASON = "near_match"
"""The reason of the review that holds the decision. The review is never open."""
DECISION = "different"


def mark_different(
    pg: Connection, organization_id: int, clever_id: str, account_id: int, *, decided_by: str, at: datetime
) -> int:
    """Write the decision, in the transaction of `pg`. The caller holds the lock of the district.

    Returns:
        The sync that records it. To undo this sync takes the decision back.

    Raises:
        CorrectionRefused: the person is linked to the account, or the decision stands already.
    """
    link, review = identity_links.c, reviews.c
    is_linked = sa.and_(link.clever_id == clever_id, link.account_id == account_id, link.unlinked_at.is_(None))
    is_decided = sa.and_(
        review.organization_id == organization_id,
        review.clever_id == clever_id,
        review.account_id == account_id,
        review.reason == REASON,
        review.decision == DECISION,
    )
    if pg.execute(sa.select(sa.or_(sa.exists().where(is_linked), sa.exists().where(is_decided)))).scalar():
        raise CorrectionRefused(
            operator.text("Account {account} is linked to this person, or the decision stands.", account=account_id)
        )
    sync_id = begin_correction(pg, organization_id, "resolve", at)
    write_as_sync(pg, organization_id)
    row = select_new_review(
        organization_id,
        clever_id=clever_id,
        reason=REASON,
        account_id=account_id,
        evidence={"account_id": account_id},
        decision=DECISION,
        decided_by=decided_by,
        decided_at=at,
    )
    counts = write_rows(pg, {"reviews": [row]}, sync_id)
    finish_correction(pg, sync_id, {"decision": DECISION, "changes": counts}, at)
    return sync_id
