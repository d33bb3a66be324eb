"""Chooses what a decision about one review writes: the account that the person will have, and the queries for it.

Nothing is written here. `resolve` writes the outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.corrections import decision_rows, membership_rows
from roster_pipeline.corrections.account_facts import read_account
from roster_pipeline.corrections.decision import Decision, RowQueries
from roster_pipeline.corrections.refusals import (
    refuse_account_in_use,
    refuse_erased_journal,
    refuse_harmful_merge,
    refuse_library_student,
    refuse_taken_email,
    refuse_unoffered_decision,
)
from roster_pipeline.model.decisions import MOVING_REASONS
from roster_pipeline.product.tables import accounts
from roster_pipeline.publish.statements import next_id


@dataclass(frozen=True)
class Outcome:
    """What one decision will write.

    Attributes:
        account_id: the account that the person will have.
        rows: the queries for the writer.
        touched: the ids of the accounts that will be written.
        others: the ids of the disconnected organizations whose memberships of the account will end.
    """

    account_id: int
    rows: tuple[RowQueries, ...] = ()
    touched: frozenset[int] = frozenset()
    others: tuple[int, ...] = ()


def decide_same_person(pg: Connection, review: sa.Row[Any], decision: Decision) -> Outcome:
    """Return what to write if the person and the reviewed account are the same person.

    Raises:
        CorrectionRefused: the review does not offer the decision, or the decision would harm a person.
    """
    current_id, reviewed_id = decision.current_account, decision.reviewed_account
    reviewed = read_account(pg, decision.organization_id, reviewed_id) if reviewed_id else None
    refuse_unoffered_decision(review, decision.decision, reviewed)
    touched = frozenset({current_id})
    if review.reason == "recycled_id":
        rows: tuple[RowQueries, ...] = (
            decision_rows.assign_name_of_review(decision),
            membership_rows.enroll_pending_member(decision, current_id),
        )
        return Outcome(current_id, rows, touched)
    if reviewed_id == current_id:
        return Outcome(current_id)
    if reviewed_id is None or reviewed is None:
        refuse_taken_email(pg, review, current_id)
        return Outcome(current_id, (decision_rows.assign_clever_email(decision),), touched)
    refuse_harmful_merge(review, reviewed, read_account(pg, decision.organization_id, current_id))
    refuse_library_student(pg, review)
    rows = (
        decision_rows.merge_into_reviewed_account(decision),
        decision_rows.link_person(decision, reviewed_id),
        membership_rows.move_memberships(decision, reviewed_id, is_closing=True),
    )
    others = tuple(reviewed.others) if review.reason in MOVING_REASONS else ()
    if others:
        archived = membership_rows.archive_library_classes(decision)
        rows = (*rows, archived, membership_rows.end_other_memberships(decision))
    return Outcome(reviewed_id, rows, touched | {reviewed_id}, others)


def decide_other_person(pg: Connection, review: sa.Row[Any], decision: Decision) -> Outcome:
    """Return what to write if the person and the reviewed account are two people.

    A person who is linked to the reviewed account gets a new account. Otherwise the outcome is empty, and only the
    review changes. A person who only logs in to the account gets no new account, because no sync uses it. `resolve`
    ends that login.

    Raises:
        CorrectionRefused: the review does not offer the decision, the current account is an admin or also belongs to
            another organization, or the values that it had before the link are not in the journal any more.
    """
    refuse_unoffered_decision(review, decision.decision, None)
    current_id = decision.current_account
    if decision.reviewed_account != current_id or decision.is_login:
        return Outcome(current_id)
    is_recycled = review.reason == "recycled_id"
    if is_recycled:
        refuse_account_in_use(review, read_account(pg, decision.organization_id, current_id))
    else:
        refuse_erased_journal(pg, review, current_id)
    new_id = int(pg.execute(sa.select(next_id(accounts))).scalar_one())
    rows = (
        decision_rows.create_account(decision, new_id, is_named_by_review=is_recycled),
        decision_rows.link_person(decision, new_id),
        membership_rows.move_memberships(decision, new_id, is_closing=False),
        membership_rows.enroll_pending_member(decision, new_id)
        if is_recycled
        else decision_rows.restore_previous_values(decision),
    )
    return Outcome(new_id, rows, frozenset({current_id}))
