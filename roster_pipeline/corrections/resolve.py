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

from roster_pipeline.corrections import decision_rows, membership_rows
from roster_pipeline.corrections.decision import Decision, Rows, merge
from roster_pipeline.corrections.refusals import (
    keep_from_syncing,
    read_account,
    refuse_harm,
    refuse_leaving,
    refuse_other_decisions,
    refuse_taken_email,
)
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.tables import accounts, identity_links, reviews
from roster_pipeline.publish.statements import next_id
from roster_pipeline.publish.writer import write_rows
from roster_pipeline.syncs.lifecycle import begin_correction, finish_correction

LONGEST_DECIDER = 200
IS_THE_ACCOUNT = ("link", "relink", "same")
Counts = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Decided:
    """The result of a decision about one review.

    Attributes:
        sync_id: the sync that records the decision. Undoing it reverses the decision.
        account_id: the account that the person has now.
    """

    sync_id: int
    clever_id: str
    reason: str
    account_id: int
    counts: Counts


@dataclass(frozen=True)
class DecidedAll:
    """The result of one decision about several reviews.

    Attributes:
        sync_id: the sync that records the decision. Undoing it reverses the decision for all of them.
        accounts: the account that the person of each review has now.
        refused: the reason for each review that is left open.
    """

    sync_id: int
    accounts: dict[int, int]
    refused: dict[int, str]
    counts: Counts


@dataclass(frozen=True)
class _Correction:
    """The sync that records the decisions of one command."""

    sync_id: int
    organization_id: int
    decision: str
    decided_by: str
    at: datetime


@dataclass(frozen=True)
class _Outcome:
    """The account that the person shall have, and the rows to write for it.

    Attributes:
        touched: the accounts that are written.
        others: the disconnected organizations that the account leaves.
    """

    account_id: int
    rows: tuple[Rows, ...] = ()
    touched: frozenset[int] = frozenset()
    others: tuple[int, ...] = ()


def resolve_review(pg: Connection, review_id: int, decision: str, *, decided_by: str, at: datetime) -> Decided:
    """Resolve one review, in the transaction of `pg`. The caller holds the lock of the district.

    Raises:
        CorrectionRefused: the review is not open, or the decision would harm a person.
    """
    review = _open_review(pg, review_id)
    correction = _begin(pg, review.organization_id, decision, decided_by, at)
    outcome, counts = _decide(pg, review, correction, ())
    others = {"from_organizations": list(outcome.others)} if outcome.others else {}
    record = {"review": review_id, "decision": decision, "changes": counts, **others}
    finish_correction(pg, correction.sync_id, record, at)
    return Decided(correction.sync_id, review.clever_id, review.reason, outcome.account_id, counts)


def resolve_reviews(
    pg: Connection, review_ids: Sequence[int], decision: str, *, decided_by: str, at: datetime
) -> DecidedAll:
    """Resolve several reviews of one organization with the same decision, in the transaction of `pg`.

    The reviews are one sync, which one undo reverses. The caller holds the lock of the district. A review stays open
    if its decision would harm a person.

    Raises:
        CorrectionRefused: none of the reviews can be resolved with this decision.
    """
    reviews_to_decide = [_open_review(pg, review_id) for review_id in review_ids]
    correction = _begin(pg, reviews_to_decide[0].organization_id, decision, decided_by, at)
    accounts: dict[int, int] = {}
    refused: dict[int, str] = {}
    others: set[int] = set()
    touched: set[int] = set()
    total: dict[str, Counter[str]] = {}
    for review in reviews_to_decide:
        try:
            outcome, counts = _decide(pg, review, correction, touched)
        except CorrectionRefused as error:
            refused[review.id] = str(error)
            continue
        accounts[review.id] = outcome.account_id
        touched |= outcome.touched
        others |= {*outcome.others}
        for entity, ops in counts.items():
            total.setdefault(entity, Counter()).update(ops)
    if not accounts:
        reason = next(iter(refused.values()))
        raise CorrectionRefused(
            operator.text(
                "None of these {n:,} reviews can be resolved as {decision}. {reason}",
                n=len(reviews_to_decide),
                decision=decision,
                reason=reason,
            )
        )
    changes = {entity: dict(ops) for entity, ops in total.items()}
    record = {"reviews": list(accounts), "decision": decision, "changes": changes}
    if others:
        record["from_organizations"] = sorted(others)
    finish_correction(pg, correction.sync_id, record, at)
    return DecidedAll(correction.sync_id, accounts, refused, changes)


def _begin(pg: Connection, organization_id: int, decision: str, decided_by: str, at: datetime) -> _Correction:
    if not decided_by.isprintable() or not 0 < len(decided_by) <= LONGEST_DECIDER or decided_by == "sync":
        raise CorrectionRefused(
            operator.text("The name of the person who decides needs printable characters and is not sync.")
        )
    sync_id = begin_correction(pg, organization_id, "resolve", at)
    write_as_sync(pg, organization_id)
    return _Correction(sync_id, organization_id, decision, decided_by, at)


def _decide(
    pg: Connection, review: sa.Row[Any], correction: _Correction, touched: Collection[int]
) -> tuple[_Outcome, Counts]:
    """Decide one review and return the outcome with the number of rows by entity and op.

    Args:
        touched: the accounts that this sync has written. An undo could not put back an account that one sync wrote
            twice.
    """
    decision = _read_decision(pg, review, correction)
    is_joined = correction.decision in IS_THE_ACCOUNT
    outcome = _join(pg, review, decision) if is_joined else _part(pg, review, decision)
    if outcome.touched.intersection(touched):
        raise CorrectionRefused(
            operator.text("Another review concerns an account of review {review}. Decide it alone.", review=review.id)
        )
    if connected := keep_from_syncing(pg, outcome.others):
        raise CorrectionRefused(
            operator.text(
                "District {district}, which has the account of review {review}, has been connected again.",
                district=connected[0],
                review=review.id,
            )
        )
    rows = merge([*outcome.rows, decision_rows.close_review(decision)])
    return outcome, write_rows(pg, rows, correction.sync_id, as_owner=bool(outcome.others))


def _read_decision(pg: Connection, review: sa.Row[Any], correction: _Correction) -> Decision:
    """Return the decision about a review, with the account that the person has now.

    Raises:
        CorrectionRefused: the person has no account.
    """
    own = pg.execute(
        sa.select(identity_links.c.account_id).where(
            identity_links.c.clever_id == review.clever_id, identity_links.c.unlinked_at.is_(None)
        )
    ).scalar()
    if own is None:
        raise CorrectionRefused(
            operator.text("The person of review {review} has no account now. Run a sync first.", review=review.id)
        )
    return Decision(
        sync_id=correction.sync_id,
        organization_id=correction.organization_id,
        review_id=review.id,
        decision=correction.decision,
        decided_by=correction.decided_by,
        clever_id=review.clever_id,
        own=own,
        about=review.account_id,
        at=correction.at,
    )


def _join(pg: Connection, review: sa.Row[Any], decision: Decision) -> _Outcome:
    """Decide that the person is the account that the review is about."""
    own, about = decision.own, decision.about
    holder = read_account(pg, decision.organization_id, about) if about else None
    refuse_other_decisions(review, decision.decision, holder)
    touched = frozenset({own})
    if review.reason == "recycled_id":
        rows: tuple[Rows, ...] = (decision_rows.accept_name(decision), membership_rows.release_pending(decision, own))
        return _Outcome(own, rows, touched)
    if about == own:
        return _Outcome(own)
    if about is None or holder is None:
        refuse_taken_email(pg, review, own)
        return _Outcome(own, (decision_rows.claim_email(decision),), touched)
    refuse_harm(review, holder, read_account(pg, decision.organization_id, own))
    rows = (
        decision_rows.take_over(decision),
        decision_rows.link_to(decision, about),
        membership_rows.move_memberships(decision, about, is_closing=True),
    )
    others = tuple(holder.others) if review.reason == "other_organization" else ()
    if others:
        rows = (*rows, membership_rows.leave_other_organizations(decision))
    return _Outcome(about, rows, touched | {about}, others)


def _part(pg: Connection, review: sa.Row[Any], decision: Decision) -> _Outcome:
    """Decide that the person is not the account that the review is about.

    Only a person who is linked to that account leaves it and gets a new account.
    """
    refuse_other_decisions(review, decision.decision, None)
    own = decision.own
    if decision.about != own:
        return _Outcome(own)
    is_recycled = review.reason == "recycled_id"
    if is_recycled:
        refuse_leaving(review, read_account(pg, decision.organization_id, own))
    new = int(pg.execute(sa.select(next_id(accounts))).scalar_one())
    rows = (
        decision_rows.create_account(decision, new, is_named_by_review=is_recycled),
        decision_rows.link_to(decision, new),
        membership_rows.move_memberships(decision, new, is_closing=False),
        membership_rows.release_pending(decision, new) if is_recycled else decision_rows.give_back(decision),
    )
    return _Outcome(new, rows, frozenset({own}))


def _open_review(pg: Connection, review_id: int) -> sa.Row[Any]:
    named = sa.select(reviews).where(reviews.c.id == review_id)
    review = pg.execute(named.with_for_update(key_share=True)).one_or_none()
    if review is None:
        raise CorrectionRefused(
            operator.text("There is no review {review}. See roster-pipeline reviews.", review=review_id)
        )
    if review.state != "open":
        raise CorrectionRefused(
            operator.text(
                "Review {review} was already resolved as {decision}. To decide otherwise, undo that decision first: "
                "roster-pipeline undo SYNC.",
                review=review_id,
                decision=review.decision,
            )
        )
    return review
