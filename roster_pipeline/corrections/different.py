"""Records that a person of Clever and an account are two people, before any rule links them (docs/rules.md R2.30)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator
from roster_pipeline.model.entities import INSERT
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.tables import identity_links, reviews
from roster_pipeline.publish.statements import next_id
from roster_pipeline.publish.table_mappings import NO_TIME, TARGETS
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
    values: dict[str, sa.ColumnElement[Any]] = {
        "id": next_id(reviews),
        "organization_id": sa.literal(organization_id, sa.BigInteger),
        "clever_id": sa.literal(clever_id),
        "reason": sa.literal(REASON),
        "account_id": sa.literal(account_id, sa.BigInteger),
        "evidence": sa.literal({"account_id": account_id}, JSONB),
        "clever_says": sa.null().cast(JSONB),
        "state": sa.literal("resolved"),
        "decision": sa.literal(DECISION),
        "decided_by": sa.literal(decided_by),
        # A new row has no end. Its sync has the time of the decision.
        "decided_at": NO_TIME,
    }
    columns = [values[name].label(name) for name in TARGETS["reviews"].columns]
    counts = write_rows(pg, {"reviews": [sa.select(sa.literal(INSERT).label("op"), *columns)]}, sync_id)
    finish_correction(pg, sync_id, {"decision": DECISION, "changes": counts}, at)
    return sync_id
