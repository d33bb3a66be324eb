"""Ends the sessions that people of a district have on the Clever page."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.admin_accounts import check_decider
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.product.tables import org_memberships, web_audit, web_sessions

END_SESSIONS = "end_sessions"


def end_district_sessions(pg: Connection, district_id: str, *, by: str, at: datetime) -> int:
    """End every session of people who have a place in a district, and return how many there were.

    Args:
        by: the name of the operator, which the audit trail keeps.

    Raises:
        DistrictUnknown: the district was never connected.
        AdminRefused: the name of the operator is unusable.
    """
    check_decider(by)
    organization_id = find_organization(pg, district_id).id
    members = sa.select(org_memberships.c.account_id).where(org_memberships.c.organization_id == organization_id)
    is_of_district = sa.or_(web_sessions.c.organization_id == organization_id, web_sessions.c.account_id.in_(members))
    is_live = sa.and_(web_sessions.c.ended_at.is_(None), web_sessions.c.expires_at > at)
    ended = pg.execute(web_sessions.update().where(is_of_district, is_live).values(ended_at=at)).rowcount
    pg.execute(
        web_audit.insert().values(
            at=at,
            organization_id=organization_id,
            acting=f"operator {by}",
            act=END_SESSIONS,
            target_kind="organization",
            target_id=str(organization_id),
            after={"sessions": ended},
        )
    )
    return ended
