"""Locks other organizations from which a correction takes accounts, or to which it gives them back."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator
from roster_pipeline.product.database import name_teacher_lock, share_district
from roster_pipeline.product.tables import organizations

UPDATING = operator.mark("An update of account {account} is running. Try again when it has ended.")


def lock_organizations(
    pg: Connection, organization_ids: Collection[int], account_ids: Collection[int]
) -> tuple[str, ...]:
    """Lock organizations, so that they cannot be synced or connected until the transaction ends.

    The update of a Library teacher holds a lock of the teacher's own. In Clever Library no update of the accounts can
    begin.

    Args:
        account_ids: the accounts that the correction takes or gives back.

    Returns:
        The Clever district ids of the organizations that are connected.

    Raises:
        CorrectionRefused: a sync of one of the organizations or an update of one of the accounts is running.
    """
    query = (
        sa.select(organizations.c.clever_district_id, organizations.c.state, organizations.c.tier)
        .where(organizations.c.id.in_(organization_ids))
        .order_by(organizations.c.id)
        .with_for_update(read=True)
    )
    rows = pg.execute(query).all()
    for district_id, _, _ in rows:
        if not share_district(pg, district_id):
            raise CorrectionRefused(
                operator.text(
                    "A sync of district {district} is running. Try again when the sync has ended.",
                    district=district_id,
                )
            )
    if any(row.tier == "library" for row in rows):
        for account_id in sorted(account_ids):
            if not share_district(pg, name_teacher_lock(account_id)):
                raise CorrectionRefused(operator.text(UPDATING, account=account_id))
    return tuple(key for key, state, tier in rows if state != "disconnected" and tier != "library")
