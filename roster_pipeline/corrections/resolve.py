"""What a person decided about somebody's identity, done in one transaction (docs/rules.md R2.3).

A decision is a sync of its own, with its journal: undoing that sync reverses it. Later syncs find the link that it
left, and a linked Clever id stays linked; so the decision holds. Many reviews that are decided alike are one sync.

- Somebody **is** the account that the review is about (`link`, `relink`, `same`): the link, the memberships and what
  Clever says of the person go to that account, and the empty one that waited is closed.
- Somebody is **not** (`create`, `different`): the person has an account of their own; one who was linked gets it now.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.corrections import decision_rows
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.tables import identity_links, reviews
from roster_pipeline.publish.refusals import (
    keep_from_syncing,
    read_account,
    refuse_harm,
    refuse_leaving,
    refuse_other_decisions,
    refuse_taken_address,
)
from roster_pipeline.publish.writer import write_rows
from roster_pipeline.syncs.lifecycle import begin_correction, finish_correction

LONGEST_NAME = 200
IS_THE_ACCOUNT = ("link", "relink", "same")
Counts = dict[str, dict[str, int]]


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
    counts: Counts


@dataclass(frozen=True)
class DecidedAll:
    """What came of one decision about many reviews.

    Attributes:
        sync_id: the decision's own; undoing it reverses all of them.
        accounts: by review, the account that its person has from now on.
        refused: by review, why it is left open.
    """

    sync_id: int
    accounts: dict[int, int]
    refused: dict[int, str]
    counts: Counts


@dataclass(frozen=True)
class _Correction:
    """One decision of a person: who decides what, when, and the sync that records it."""

    sync_id: int
    organization_id: int
    decision: str
    decided_by: str
    at: datetime


@dataclass(frozen=True)
class _Chosen:
    """The account that the person shall have, and what must be written for it.

    Attributes:
        touched: the accounts that are written.
        others: the disconnected organizations that the account leaves.
    """

    account_id: int
    rows: tuple[decision_rows.Rows, ...] = ()
    touched: frozenset[int] = frozenset()
    others: tuple[int, ...] = ()


def resolve_review(pg: Connection, review_id: int, decision: str, *, decided_by: str, at: datetime) -> Decided:
    """Do what a person decided, in the transaction of `pg`. Call with the district's lock held.

    Raises:
        CorrectionRefused: there is no such open review, or this decision would harm somebody.
    """
    review = _open_review(pg, review_id)
    correction = _begin(pg, review.organization_id, decision, decided_by, at)
    chosen, counts = _decide(pg, review, correction, ())
    others = {"from_organizations": list(chosen.others)} if chosen.others else {}
    said = {"review": review_id, "decision": decision, "changes": counts, **others}
    finish_correction(pg, correction.sync_id, said, at)
    return Decided(correction.sync_id, review.clever_id, review.reason, chosen.account_id, counts)


def resolve_reviews(
    pg: Connection, review_ids: Sequence[int], decision: str, *, decided_by: str, at: datetime
) -> DecidedAll:
    """Decide many reviews of one organization alike, in the transaction of `pg`, as one sync that one undo reverses.

    Call with the district's lock held. A review whose decision would harm a person is left open.

    Raises:
        CorrectionRefused: none of them can be decided so.
    """
    found = [_open_review(pg, review_id) for review_id in review_ids]
    correction = _begin(pg, found[0].organization_id, decision, decided_by, at)
    accounts: dict[int, int] = {}
    refused: dict[int, str] = {}
    others: set[int] = set()
    touched: set[int] = set()
    total: dict[str, Counter[str]] = {}
    for review in found:
        try:
            chosen, counts = _decide(pg, review, correction, touched)
        except CorrectionRefused as error:
            refused[review.id] = str(error)
            continue
        accounts[review.id] = chosen.account_id
        touched |= chosen.touched
        others |= {*chosen.others}
        for entity, ops in counts.items():
            total.setdefault(entity, Counter()).update(ops)
    if not accounts:
        reason = next(iter(refused.values()))
        raise CorrectionRefused(f"None of these {len(found)} reviews can be resolved so. {reason}")
    changes = {entity: dict(ops) for entity, ops in total.items()}
    said = {"reviews": list(accounts), "decision": decision, "changes": changes}
    if others:
        said["from_organizations"] = sorted(others)
    finish_correction(pg, correction.sync_id, said, at)
    return DecidedAll(correction.sync_id, accounts, refused, changes)


def _begin(pg: Connection, organization_id: int, decision: str, decided_by: str, at: datetime) -> _Correction:
    if not decided_by.isprintable() or not 0 < len(decided_by) <= LONGEST_NAME or decided_by == "sync":
        raise CorrectionRefused("Who decides is given in printable letters, and is not the sync.")
    sync_id = begin_correction(pg, organization_id, "resolve", at)
    write_as_sync(pg, organization_id)
    return _Correction(sync_id, organization_id, decision, decided_by, at)


def _decide(
    pg: Connection, review: sa.Row[Any], correction: _Correction, touched: Collection[int]
) -> tuple[_Chosen, Counts]:
    """Decide one review: what was chosen, and the rows written by entity and op.

    Args:
        touched: accounts that this sync has written already: a journal that wrote one twice could not be undone.
    """
    values = _values(pg, review, correction)
    is_joined = correction.decision in IS_THE_ACCOUNT
    chosen = _joined(pg, review, values) if is_joined else _parted(pg, review, values)
    if chosen.touched.intersection(touched):
        raise CorrectionRefused(f"An account of review {review.id} is of another review too. Decide it by itself.")
    if connected := keep_from_syncing(pg, chosen.others):
        raise CorrectionRefused(f"District {connected[0]}, of the account of review {review.id}, is connected again.")
    rows = decision_rows.merge([*chosen.rows, decision_rows.close_review()])
    return chosen, write_rows(pg, rows, values, as_owner=bool(chosen.others))


def _values(pg: Connection, review: sa.Row[Any], correction: _Correction) -> dict[str, Any]:
    """The parameters of the queries of `moves`."""
    own = pg.execute(
        sa.select(identity_links.c.account_id).where(
            identity_links.c.clever_id == review.clever_id, identity_links.c.unlinked_at.is_(None)
        )
    ).scalar()
    if own is None:
        raise CorrectionRefused(f"The person of review {review.id} has no account at the moment. Run a sync first.")
    return {
        "review": review.id,
        "decision": correction.decision,
        "decided_by": correction.decided_by,
        "organization_id": correction.organization_id,
        "person": review.clever_id,
        "own": own,
        "about": review.account_id,
        "at": correction.at,
        "sync_id": correction.sync_id,
    }


def _joined(pg: Connection, review: sa.Row[Any], values: dict[str, Any]) -> _Chosen:
    """The person is the account that the review is about."""
    own, about = values["own"], values["about"]
    holder = read_account(pg, values["organization_id"], about) if about else None
    refuse_other_decisions(review, values["decision"], holder)
    mine = frozenset({own})
    if review.reason == "recycled_id":
        return _Chosen(own, (decision_rows.accept_name(), decision_rows.release_pending(":own")), mine)
    if about == own:
        return _Chosen(own)
    if holder is None:
        refuse_taken_address(pg, review, own)
        return _Chosen(own, (decision_rows.claim_address(),), mine)
    refuse_harm(review, holder, read_account(pg, values["organization_id"], own))
    rows = [
        decision_rows.take_over(),
        decision_rows.link_to(":about"),
        decision_rows.move_memberships(":about", is_closing=True),
    ]
    others = tuple(holder.others) if review.reason == "other_organization" else ()
    if others:
        rows.append(decision_rows.leave_other_organizations())
    return _Chosen(about, tuple(rows), mine | {about}, others)


def _parted(pg: Connection, review: sa.Row[Any], values: dict[str, Any]) -> _Chosen:
    """The person is not that account; only somebody who is linked to it has to leave it."""
    refuse_other_decisions(review, values["decision"], None)
    own = values["own"]
    if values["about"] != own:
        return _Chosen(own)
    if review.reason == "recycled_id":
        refuse_leaving(review, read_account(pg, values["organization_id"], own))
    is_recycled = review.reason == "recycled_id"
    fresh = pg.execute(sa.text("select nextval(pg_get_serial_sequence('roster.accounts', 'id'))")).scalar_one()
    values["fresh"] = fresh
    rows = (
        decision_rows.open_account(as_clever_says=is_recycled),
        decision_rows.link_to(":fresh"),
        decision_rows.move_memberships(":fresh", is_closing=False),
        decision_rows.release_pending(":fresh") if is_recycled else decision_rows.give_back(),
    )
    return _Chosen(fresh, rows, frozenset({own}))


def _open_review(pg: Connection, review_id: int) -> sa.Row[Any]:
    named = sa.select(reviews).where(reviews.c.id == review_id)
    review = pg.execute(named.with_for_update(key_share=True)).one_or_none()
    if review is None:
        raise CorrectionRefused(f"There is no review {review_id}. See roster-pipeline reviews.")
    if review.state != "open":
        raise CorrectionRefused(
            f"Review {review_id} is resolved already, as {review.decision}. "
            "To decide otherwise, undo that decision first: roster-pipeline undo SYNC."
        )
    return review
