"""The connection checklist: the steps from connecting a district to its first update, and which step is missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.admins import list_admins
from roster_pipeline.product.organizations import Organization
from roster_pipeline.product.tables import schools, web_audit

OPEN_FIX_LIST = "open_fix_list"
"""The act in the audit trail of an admin who looks at the fix list."""
StepState = Literal["done", "missing", "unknown"]


@dataclass(frozen=True)
class ChecklistStep:
    """One step of the checklist.

    Attributes:
        name: `connected`, `shared`, `tier`, `first_admin`, `fix_list` or `first_update`.
        state: `unknown` if nothing was read from Clever yet that could tell.
    """

    name: str
    state: StepState


def read_checklist(pg: Connection, organization: Organization) -> list[ChecklistStep]:
    """Return every step of the checklist of a district, in the order in which people do them."""
    has_schools = _exists(pg, schools, schools.c.organization_id == organization.id, schools.c.archived_at.is_(None))
    is_seen = _exists(pg, web_audit, web_audit.c.organization_id == organization.id, web_audit.c.act == OPEN_FIX_LIST)
    was_read = organization.last_read_at is not None
    return [
        ChecklistStep("connected", _state(is_done=organization.state != "disconnected")),
        ChecklistStep("shared", _state(is_done=has_schools) if was_read else "unknown"),
        ChecklistStep("tier", _state(is_done=organization.tier != "sso_only")),
        ChecklistStep("first_admin", _state(is_done=bool(list_admins(pg, organization.id)))),
        ChecklistStep("fix_list", _state(is_done=is_seen)),
        ChecklistStep("first_update", _state(is_done=organization.last_published_at is not None)),
    ]


def find_next_step(steps: Sequence[ChecklistStep]) -> ChecklistStep | None:
    """Return the first missing step, or None. The fix list is advice, so alone it is no next step."""
    missing = [step for step in steps if step.state == "missing"]
    return None if [step.name for step in missing] == ["fix_list"] else next(iter(missing), None)


def _exists(pg: Connection, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> bool:
    return pg.execute(sa.select(sa.literal(1)).select_from(table).where(*conditions).limit(1)).first() is not None


def _state(*, is_done: bool) -> StepState:
    return "done" if is_done else "missing"
