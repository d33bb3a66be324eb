"""Opens a review because a person says that the account is not theirs (docs/rules.md R2.2).

The district typed the email by which the account was found, and Clever verifies none. The person keeps the account
until a person of the district decides the review.
"""

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
from roster_pipeline.publish.table_mappings import NO_TEXT, NO_TIME, TARGETS
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
    values: dict[str, sa.ColumnElement[Any]] = {
        "id": next_id(reviews),
        "organization_id": sa.literal(organization_id, sa.BigInteger),
        "clever_id": sa.literal(clever_id),
        "reason": sa.literal(REASON),
        "account_id": sa.literal(account_id, sa.BigInteger),
        "evidence": sa.literal(evidence, JSONB),
        "clever_says": sa.null().cast(JSONB),
        "state": sa.literal("open"),
        "decision": NO_TEXT,
        "decided_by": NO_TEXT,
        "decided_at": NO_TIME,
    }
    columns = [values[name].label(name) for name in TARGETS["reviews"].columns]
    counts = write_rows(pg, {"reviews": [sa.select(sa.literal(INSERT).label("op"), *columns)]}, sync_id)
    finish_correction(pg, sync_id, {"decision": "objection", "changes": counts}, at)
    return sync_id
