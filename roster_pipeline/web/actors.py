"""Who verified a teacher or hid a class, from the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.product.tables import accounts, web_audit
from roster_pipeline.web.account_names import select_name
from roster_pipeline.web.rights import ADMINS

if TYPE_CHECKING:
    from roster_pipeline.web.page import Page


def read_verifiers(page: Page, teachers: Sequence[sa.Row[Any]]) -> dict[int, str]:
    """Return the name of the person who verified each teacher last, as far as the viewer may see that person."""
    ids = [row.id for row in teachers if row.verified_at]
    return _read_actors(page, "verify_teacher", ids) if ids else {}


def read_hiders(page: Page, classes: Sequence[sa.Row[Any]]) -> dict[int, str]:
    """Return the name of the person who hid each class last, as far as the viewer may see that person."""
    ids = [row.id for row in classes if row.hidden_at]
    return _read_actors(page, "hide_class", ids) if ids else {}


def _read_actors(page: Page, act: str, ids: Sequence[int]) -> dict[int, str]:
    """Return the names of the actors by the id of the thing. `after` lists the ids of an act."""
    target = sa.func.jsonb_array_elements_text(sa.cast(web_audit.c.after["ids"], JSONB)).table_valued("value")
    target_id = sa.cast(target.c.value, sa.BigInteger)
    name = select_name(shows_email=page.viewer.role in ADMINS)
    rows = page.pg.execute(
        sa.select(target_id, name)
        .select_from(web_audit.join(accounts, accounts.c.id == web_audit.c.account_id).join(target, sa.true()))
        .where(web_audit.c.organization_id == page.own.id, web_audit.c.act == act, target_id.in_(ids))
        .order_by(web_audit.c.id)
    )
    return {row[0]: row[1] for row in rows}
