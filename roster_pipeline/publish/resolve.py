"""What a person decided about somebody's identity, done in one transaction (rule book, *Who is who*).

A decision is a sync of its own, with its journal: undoing that sync reverses it. Later syncs find the link that it
left, and a linked Clever id stays linked; so the decision holds.

- Somebody **is** the account that the review is about (`link`, `relink`, `same`): the link, the memberships and what
  Clever says of the person go to that account, and the empty one that waited is closed.
- Somebody is **not** (`create`, `different`): the person has an account of their own; one who was linked gets it now.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.tables import identity_links, reviews
from roster_pipeline.publish import moves
from roster_pipeline.publish.ledger import begin_correction, finish_correction
from roster_pipeline.publish.writer import write_rows

LONGEST_NAME = 200
IS_THE_ACCOUNT = ("link", "relink", "same")
DECISIONS: dict[str, tuple[str, ...]] = {
    "email_shared": ("link", "create"),
    "already_linked": ("relink", "create"),
    "role_differs": ("link", "create"),
    "other_organization": ("create",),
    "admin_account": ("create",),
    "account_closed": ("link", "create"),
    "name_differs": ("same", "different", "link", "create"),
    "recycled_id": ("same", "different"),
}
"""By review reason: what a person may decide."""
ACCOUNT = """
    select
        account.role,
        account.role = 'admin' or exists (select from roster.org_memberships where account_id = account.id
            and ended_at is null and is_admin) as is_admin,
        exists (select from roster.identity_links where account_id = account.id and unlinked_at is null
            and organization_id <> :organization_id)
        or exists (select from roster.org_memberships where account_id = account.id and ended_at is null
            and organization_id <> :organization_id) as is_elsewhere,
        (select clever_id from roster.identity_links where account_id = account.id and unlinked_at is null) as other,
        exists (select from roster.org_memberships where account_id = account.id and ended_at is null
            and source = 'clever')
        or exists (select from roster.school_memberships where account_id = account.id and ended_at is null
            and source = 'clever')
        or exists (select from roster.roster_teachers join roster.rosters on rosters.id = roster_id
            where account_id = account.id and ended_at is null and rosters.source = 'clever')
        or exists (select from roster.roster_students join roster.rosters on rosters.id = roster_id
            where account_id = account.id and ended_at is null and rosters.source = 'clever') as is_shared
    from roster.accounts as account where account.id = :account_id
"""


@dataclass(frozen=True)
class Decided:
    """What came of a decision.

    Attributes:
        sync_id: the decision's own; undoing it reverses the decision.
        account_id: the account that the person has from now on.
    """

    sync_id: int
    clever_id: str
    reason: str
    account_id: int
    counts: dict[str, dict[str, int]]


def resolve_review(pg: Connection, review_id: int, decision: str, *, decided_by: str, at: datetime) -> Decided:
    """Do what a person decided, in the transaction of `pg`. Call with the district's lock held.

    Raises:
        CorrectionRefused: there is no such open review, or this decision would harm somebody.
    """
    if not decided_by.isprintable() or not 0 < len(decided_by) <= LONGEST_NAME or decided_by == "sync":
        raise CorrectionRefused("Who decides is given in printable letters, and is not the sync.")
    review = _open_review(pg, review_id, decision)
    own = pg.execute(
        sa.select(identity_links.c.account_id).where(
            identity_links.c.clever_id == review.clever_id, identity_links.c.unlinked_at.is_(None)
        )
    ).scalar()
    if own is None:
        raise CorrectionRefused(f"The person of review {review_id} has no account at the moment. Run a sync first.")
    values = {
        "review": review_id,
        "decision": decision,
        "decided_by": decided_by,
        "organization_id": review.organization_id,
        "person": review.clever_id,
        "own": own,
        "about": review.account_id,
        "at": at,
    }
    chosen = _joined(pg, review, values) if decision in IS_THE_ACCOUNT else _parted(pg, review, values)
    values["sync_id"] = begin_correction(pg, review.organization_id, "resolve", at)
    write_as_sync(pg, review.organization_id)
    counts = write_rows(pg, moves.merge([*chosen.rows, moves.close_review()]), values)
    finish_correction(pg, values["sync_id"], {"review": review_id, "decision": decision, "changes": counts}, at)
    return Decided(values["sync_id"], review.clever_id, review.reason, chosen.account_id, counts)


@dataclass(frozen=True)
class _Chosen:
    """The account that the person shall have, and what must be written for it."""

    account_id: int
    rows: tuple[moves.Rows, ...] = ()


def _joined(pg: Connection, review: sa.Row[Any], values: dict[str, Any]) -> _Chosen:
    """The person is the account that the review is about."""
    own, about = values["own"], values["about"]
    if review.reason == "recycled_id":
        return _Chosen(own, (moves.accept_name(), moves.release_parked(":own")))
    if about == own:
        return _Chosen(own)
    if about is None:
        _refuse_taken_address(pg, review, own)
        return _Chosen(own, (moves.claim_address(),))
    _refuse_harm(pg, review, values)
    moved = moves.move_memberships(":about", is_closing=True)
    return _Chosen(about, (moves.take_over(), moves.link_to(":about"), moved))


def _parted(pg: Connection, review: sa.Row[Any], values: dict[str, Any]) -> _Chosen:
    """The person is not that account; only somebody who is linked to it has to leave it."""
    own = values["own"]
    if values["about"] != own:
        return _Chosen(own)
    if review.reason == "recycled_id":
        _refuse_leaving(review, _account(pg, values, own))
    is_recycled = review.reason == "recycled_id"
    fresh = pg.execute(sa.text("select nextval(pg_get_serial_sequence('roster.accounts', 'id'))")).scalar_one()
    values["fresh"] = fresh
    rows = (
        moves.open_account(as_clever_says=is_recycled),
        moves.link_to(":fresh"),
        moves.move_memberships(":fresh", is_closing=False),
        moves.release_parked(":fresh") if is_recycled else moves.give_back(),
    )
    return _Chosen(fresh, rows)


def _open_review(pg: Connection, review_id: int, decision: str) -> sa.Row[Any]:
    review = pg.execute(sa.select(reviews).where(reviews.c.id == review_id).with_for_update()).one_or_none()
    if review is None:
        raise CorrectionRefused(f"There is no review {review_id}. See roster-pipeline reviews.")
    if review.state != "open":
        raise CorrectionRefused(
            f"Review {review_id} is resolved already, as {review.decision}. "
            "To decide otherwise, undo that decision first: roster-pipeline undo SYNC."
        )
    allowed = DECISIONS.get(review.reason, ("create",))
    if decision not in allowed:
        raise CorrectionRefused(
            f"Review {review_id} ({review.reason}) can be resolved as {' or '.join(allowed)}, not as {decision}."
        )
    return review


def _refuse_harm(pg: Connection, review: sa.Row[Any], values: dict[str, Any]) -> None:
    """Never into another organization's account, nor into that of somebody whom Clever still shares."""
    holder, own = (_account(pg, values, values[which]) for which in ("about", "own"))
    if holder.is_elsewhere:
        raise CorrectionRefused(f"The account of review {review.id} is in another organization. Resolve as create.")
    if holder.is_admin and own.role == "student":
        raise CorrectionRefused(f"The account of review {review.id} is an admin's, the person a student: create.")
    _refuse_leaving(review, own)
    if holder.other and review.reason != "already_linked":
        raise CorrectionRefused(
            f"The account of review {review.id} is linked to Clever id {holder.other} by now. Resolve as create."
        )
    if holder.other and holder.is_shared:
        raise CorrectionRefused(
            f"Clever still shares {holder.other}, whose account {review.clever_id} would get. "
            "Relink once it is gone, or resolve as create."
        )


def _refuse_leaving(review: sa.Row[Any], own: sa.Row[Any]) -> None:
    """An account that is in use beyond what Clever says of the person is not closed, nor left."""
    if own.is_elsewhere or own.is_admin:
        raise CorrectionRefused(
            f"The account that the person of review {review.id} has is an admin's or in another organization too. "
            "Take that away first, or resolve as create or same."
        )


def _account(pg: Connection, values: dict[str, Any], account_id: int) -> sa.Row[Any]:
    return pg.execute(sa.text(ACCOUNT), {"account_id": account_id, "organization_id": values["organization_id"]}).one()


def _refuse_taken_address(pg: Connection, review: sa.Row[Any], own: int) -> None:
    taken = pg.execute(
        sa.text(
            "select exists (select from roster.accounts as other join roster.accounts as own on own.id = :own "
            "where other.email = own.clever_email and other.id <> own.id)"
        ),
        {"own": own},
    ).scalar_one()
    if taken:
        raise CorrectionRefused(f"The address of review {review.id} belongs to an account by now. Resolve as create.")
