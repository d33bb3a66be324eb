"""Whether an earlier account with the email of a new Library teacher is the teacher's.

The email alone proves nothing, because Clever verifies none. The teacher proves to own the earlier account by a login
to it with Google. Then a filed correction of kind `merge` joins the two.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.corrections.email_holder import OWN_REASONS
from roster_pipeline.corrections.queue import file_correction
from roster_pipeline.product.tables import accounts, corrections, identity_links, reviews

MergeState = Literal["queued", "running", "done", "failed"]


@dataclass(frozen=True)
class OwnReview:
    """The open review of a Library teacher about an earlier account.

    Attributes:
        account_id: the earlier account.
        email: the email that both have.
    """

    id: int
    organization_id: int
    account_id: int
    email: str


def find_own_review(pg: Connection, account_id: int) -> OwnReview | None:
    """Return the open review that the teacher of an account may decide alone, or None."""
    link, own = identity_links.c, accounts.c
    is_own = sa.and_(reviews.c.clever_id == link.clever_id, reviews.c.state == "open")
    query = (
        sa.select(reviews.c.id, reviews.c.organization_id, reviews.c.account_id, own.clever_email)
        .select_from(reviews.join(identity_links, is_own).join(accounts, own.id == link.account_id))
        .where(link.account_id == account_id, link.unlinked_at.is_(None), reviews.c.reason.in_(OWN_REASONS))
        .where(reviews.c.account_id != account_id, own.clever_email.is_not(None))
        .order_by(reviews.c.id)
        .limit(1)
    )
    row = pg.execute(query).one_or_none()
    return OwnReview(*row) if row else None


def file_merge(pg: Connection, account_id: int, review: OwnReview) -> int:
    """File the merge of an account with the earlier one, to which its teacher has logged in. Return its number."""
    args = {"review": review.id, "account_id": account_id, "proven_account": review.account_id}
    return file_correction(pg, review.organization_id, "merge", args, requested_by=f"account:{account_id}")


def find_merge_state(pg: Connection, account_id: int) -> MergeState | None:
    """Return the state of the last merge that an account has filed, or None."""
    own = sa.and_(corrections.c.kind == "merge", corrections.c.requested_by == f"account:{account_id}")
    query = sa.select(corrections.c.state).where(own).order_by(corrections.c.id.desc()).limit(1)
    state: MergeState | None = pg.execute(query).scalar()
    return state
