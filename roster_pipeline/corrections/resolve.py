"""Resolves reviews: writes the decision of a person about an identity, in one transaction (docs/rules.md R2.3).

Each call is a sync of its own with a journal, and undoing that sync reverses the decision. Later syncs keep the
identity link that the decision writes.

A review asks whether a Clever id and an account are the same person. The Clever id already has a current account.

- `link`, `relink` and `same` say that they are the same person. The identity link, the memberships and the values of
  Clever move to the reviewed account, and the current account is closed. If the review names no other account, the
  person keeps the current account, and only its name, its email or its pending places in classes change.
- `create` and `different` say that they are two people. A person whose current account is the reviewed account gets a
  new account. Otherwise the person keeps the current account. A login that opens the account without an identity link
  ends.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.corrections import decision_rows
from roster_pipeline.corrections.decision import Decision, combine_queries
from roster_pipeline.corrections.flagged_login import end_login, find_login_account
from roster_pipeline.corrections.organization_locks import lock_organizations
from roster_pipeline.corrections.outcome import Outcome, decide_other_person, decide_same_person
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator
from roster_pipeline.model.decisions import DECIDER_MAX_CHARS, is_decider_name
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.native_classes import follow_teachers
from roster_pipeline.product.tables import identity_links, reviews
from roster_pipeline.publish.writer import write_rows
from roster_pipeline.syncs.correction_records import begin_correction, finish_correction

SAME_PERSON_DECISIONS = ("link", "relink", "same")
Counts = dict[str, dict[str, int]]
"""The number of rows that were written, by entity and op."""


@dataclass(frozen=True)
class Resolution:
    """The result of a decision about one review.

    Attributes:
        sync_id: the sync that records the decision. To undo it reverses the decision.
        clever_id: the Clever id of the person.
        reason: the reason of the review.
        account_id: the account that the person has now.
    """

    sync_id: int
    clever_id: str
    reason: str
    account_id: int
    counts: Counts


@dataclass(frozen=True)
class BulkResolution:
    """The result of one decision about several reviews.

    Attributes:
        sync_id: the sync that records the decision. To undo it reverses the decision for all reviews.
        accounts: the account that the person has now, by review.
        refused: the reason of the refusal, by review. These reviews stay open.
    """

    sync_id: int
    accounts: dict[int, int]
    refused: dict[int, str]
    counts: Counts


@dataclass(frozen=True)
class _Correction:
    """The sync that records the decision of one command about one or more reviews."""

    sync_id: int
    organization_id: int
    decision: str
    decided_by: str
    at: datetime
    proof: str | None = None


def resolve_review(
    pg: Connection, review_id: int, decision: str, *, decided_by: str, at: datetime, proof: str | None = None
) -> Resolution:
    """Resolve one review, in the transaction of `pg`. The caller holds the lock of the district.

    Args:
        proof: the evidence by which the person has proven to own the reviewed account, if any.

    Raises:
        CorrectionRefused: there is no such review or it is not open, it does not offer the decision, the name of the
            person who decides is unusable, the person of the review has no account, the decision would harm a person,
            or a sync of another organization of the account is running.
    """
    review = _read_open_review(pg, review_id)
    correction = replace(_begin(pg, review.organization_id, decision, decided_by, at), proof=proof)
    outcome, counts = _decide(pg, review, correction, ())
    others = {"from_organizations": list(outcome.others)} if outcome.others else {}
    record = {"review": review_id, "decision": decision, "changes": counts, **others}
    finish_correction(pg, correction.sync_id, record, at)
    return Resolution(correction.sync_id, review.clever_id, review.reason, outcome.account_id, counts)


def resolve_reviews(
    pg: Connection, review_ids: Sequence[int], decision: str, *, decided_by: str, at: datetime
) -> BulkResolution:
    """Resolve several reviews of one organization with the same decision, in the transaction of `pg`.

    One sync records all of them, so one undo reverses them. The caller holds the lock of the district. A review whose
    decision would harm a person stays open.

    Raises:
        CorrectionRefused: there are no reviews, one of them does not exist or is not open, the name of the person who
            decides is unusable, or none of the reviews can be resolved with this decision.
    """
    if not review_ids:
        raise CorrectionRefused(operator.text("There are no open reviews to decide. See roster-pipeline reviews."))
    reviews_to_decide = [_read_open_review(pg, review_id) for review_id in review_ids]
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
    return BulkResolution(correction.sync_id, accounts, refused, changes)


def _begin(pg: Connection, organization_id: int, decision: str, decided_by: str, at: datetime) -> _Correction:
    """Begin the sync that records the decision.

    Raises:
        CorrectionRefused: the name of the person who decides is empty, too long or not printable.
    """
    if not is_decider_name(decided_by):
        raise CorrectionRefused(
            operator.text(
                "The name of the person who decides must have 1 to {n} printable characters and must not be sync.",
                n=DECIDER_MAX_CHARS,
            )
        )
    sync_id = begin_correction(pg, organization_id, "resolve", at)
    write_as_sync(pg, organization_id)
    return _Correction(sync_id, organization_id, decision, decided_by, at)


def _decide(
    pg: Connection, review: sa.Row[Any], correction: _Correction, touched: Collection[int]
) -> tuple[Outcome, Counts]:
    """Write the decision about one review. Return its outcome, and the number of written rows by entity and op.

    Args:
        touched: the accounts that earlier reviews of this sync have written. They must not be written again, because
            an undo cannot restore a row that one sync wrote twice.

    Raises:
        CorrectionRefused: as `resolve_review`, or an earlier review concerns the same account.
    """
    decision = _read_decision(pg, review, correction)
    is_same = correction.decision in SAME_PERSON_DECISIONS
    outcome = decide_same_person(pg, review, decision) if is_same else decide_other_person(pg, review, decision)
    if decision.is_login and not is_same:
        end_login(pg, review.clever_id, correction.at)
    if outcome.touched.intersection(touched):
        raise CorrectionRefused(
            operator.text("Another review concerns an account of review {review}. Decide it alone.", review=review.id)
        )
    if connected := lock_organizations(pg, outcome.others, outcome.touched):
        raise CorrectionRefused(
            operator.text(
                "District {district}, which has the account of review {review}, has been connected again.",
                district=connected[0],
                review=review.id,
            )
        )
    rows = combine_queries([*outcome.rows, decision_rows.close_review(decision)])
    counts = write_rows(pg, rows, correction.sync_id, as_owner=bool(outcome.others))
    if outcome.others:
        follow_teachers(pg, (correction.organization_id, *outcome.others))
    return outcome, counts


def _read_decision(pg: Connection, review: sa.Row[Any], correction: _Correction) -> Decision:
    """Return the decision about one review, with the current account of the person.

    Raises:
        CorrectionRefused: the person has no account.
    """
    link = identity_links.c
    is_live = sa.and_(link.clever_id == review.clever_id, link.unlinked_at.is_(None))
    current = pg.execute(sa.select(link.account_id).where(is_live)).scalar()
    is_login = current is None and find_login_account(pg, review.clever_id) == review.account_id
    if is_login:
        current = review.account_id
    if current is None:
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
        current_account=current,
        reviewed_account=review.account_id,
        at=correction.at,
        is_login=is_login,
        proof=correction.proof,
    )


def _read_open_review(pg: Connection, review_id: int) -> sa.Row[Any]:
    """Read one open review and lock it until the transaction ends.

    Raises:
        CorrectionRefused: the review does not exist or is resolved.
    """
    query = sa.select(reviews).where(reviews.c.id == review_id)
    review = pg.execute(query.with_for_update(key_share=True)).one_or_none()
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
