"""The decisions that a near match of the fix list is another person (docs/rules.md R2.30)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.corrections.different import DECISION, REASON
from roster_pipeline.product.tables import accounts as own_accounts
from roster_pipeline.product.tables import corrections, identity_links, reviews, syncs
from roster_pipeline.web.review_cards import about


@dataclass(frozen=True)
class OtherPerson:
    """One decision that stands or waits.

    Attributes:
        sync_id: the correction that holds the decision. It is None while the decision waits.
        person: the name of the person, if the person has an account.
        email: the email of the account that is another person's, or None while the decision waits.
    """

    clever_id: str
    account_id: int
    sync_id: int | None
    decided_at: datetime | None
    person: str
    email: str | None

    @property
    def pair(self) -> tuple[str, int]:
        return self.clever_id, self.account_id

    @property
    def is_waiting(self) -> bool:
        return self.sync_id is None


def list_other_people(pg: Connection) -> list[OtherPerson]:
    """Return the decisions of the organization, the newest first. A decision that was taken back is left out."""
    filed, link, own = corrections.c, identity_links.alias("link"), own_accounts.alias("own")
    clever_id, account_id = filed.args["person"].astext, filed.args["account"].as_integer()
    of_decision = sa.and_(
        reviews.c.clever_id == clever_id,
        reviews.c.account_id == account_id,
        reviews.c.reason == REASON,
        reviews.c.decision == DECISION,
    )
    person = sa.func.concat_ws(" ", own.c.first_name, own.c.last_name)
    query = (
        sa.select(clever_id, account_id, filed.sync_id, filed.finished_at, person, about.c.email)
        .select_from(
            corrections.outerjoin(syncs, syncs.c.id == filed.sync_id)
            .outerjoin(reviews, of_decision)
            .outerjoin(about, sa.true())
            .outerjoin(link, sa.and_(link.c.clever_id == clever_id, link.c.unlinked_at.is_(None)))
            .outerjoin(own, own.c.id == link.c.account_id)
        )
        .where(filed.kind == DECISION, filed.state != "failed", sa.func.coalesce(syncs.c.state, "") != "undone")
        .order_by(filed.id.desc())
    )
    return [OtherPerson(*row) for row in pg.execute(query)]
