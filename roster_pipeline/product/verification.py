"""Verification of teachers: an admin confirms that a person teaches at the school."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.tables import directory, org_memberships

columns = org_memberships.c


def verify_teachers(
    pg: Connection, organization_id: int, account_ids: Collection[int], *, verifier_id: int, now: datetime
) -> list[int]:
    """Verify the teachers among some accounts. Return those who were not verified before.

    Args:
        verifier_id: the account of the admin. Admins do not verify themselves.
    """
    conditions = columns.account_id.in_(account_ids), columns.account_id != verifier_id, columns.verified_at.is_(None)
    return _change(pg, organization_id, *conditions, verified_at=now)


def unverify_teacher(
    pg: Connection, organization_id: int, account_id: int, *, verifier_id: int, verified_at: datetime
) -> bool:
    """Take back a verification of this time. Return False if the teacher is not verified or was verified again."""
    conditions = columns.account_id == account_id, columns.account_id != verifier_id
    return bool(_change(pg, organization_id, *conditions, columns.verified_at == verified_at, verified_at=None))


def _change(
    pg: Connection, organization_id: int, *conditions: sa.ColumnElement[bool], verified_at: datetime | None
) -> list[int]:
    is_teacher = sa.exists().where(
        directory.c.organization_id == columns.organization_id,
        directory.c.account_id == columns.account_id,
        directory.c.role == "teacher",
    )
    live = sa.and_(columns.organization_id == organization_id, columns.ended_at.is_(None), is_teacher, *conditions)
    update = org_memberships.update().where(live).values(verified_at=verified_at)
    return sorted(pg.execute(update.returning(columns.account_id)).scalars())
