"""Builds the queries of a decision for accounts, identity links and reviews.

Each function writes nothing. It returns queries by entity that select the new state of rows, for the writer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, FromClause, Text
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.corrections.decision import Decision, RowQueries, select_rows
from roster_pipeline.model.entities import END, INSERT, UPDATE
from roster_pipeline.product.tables import (
    accounts,
    changes,
    identity_links,
    reviews,
)
from roster_pipeline.publish.statements import json_as_row, next_id
from roster_pipeline.publish.table_mappings import NO_TEXT, TARGETS
from roster_pipeline.publish.target import NO_TIME

NAMES = ("first_name", "last_name")


def merge_into_reviewed_account(decision: Decision) -> RowQueries:
    """Copy Clever's values from the person's current account to the reviewed account, and close the current account.

    The reviewed account keeps its email, and an admin stays an admin.
    """
    row, current = accounts.alias("row"), accounts.alias("current")
    both = row.join(current, current.c.id == decision.current_account)
    values = {name: current.c[name] for name in (*NAMES, "clever_email", "grade")}
    role = sa.case((row.c.role == "admin", row.c.role), else_=current.c.role)
    updated = select_rows(
        decision,
        "accounts",
        UPDATE,
        row,
        both,
        {**values, "role": role, "imported_from_clever": sa.true(), "archived_at": NO_TIME},
    ).where(row.c.id == decision.reviewed_account)
    ended = select_rows(decision, "accounts", END, row).where(row.c.id == decision.current_account)
    return {"accounts": [updated, ended]}


def assign_clever_email(decision: Decision) -> RowQueries:
    """Set the email of the person's account to the email that Clever gives."""
    row = accounts.alias("row")
    updated = select_rows(decision, "accounts", UPDATE, row, values={"email": row.c.clever_email})
    return {"accounts": [updated.where(row.c.id == decision.current_account)]}


def assign_name_of_review(decision: Decision) -> RowQueries:
    """Set the name of the person's account to the name that the review recorded from Clever.

    The next sync updates the email.
    """
    row, review = accounts.alias("row"), reviews.alias("review")
    both = row.join(review, review.c.id == decision.review_id)
    updated = select_rows(decision, "accounts", UPDATE, row, both, _names_in(review))
    return {"accounts": [updated.where(row.c.id == decision.current_account)]}


def create_account(decision: Decision, account_id: int, *, is_named_by_review: bool) -> RowQueries:
    """Create an account for the person, without an email.

    The next sync gives the account the email if the email is free. It opens no second review.

    Args:
        account_id: the id of the new account.
        is_named_by_review: whether the name is taken from the review, and no email of Clever is stored. Otherwise both
            are taken from the current account of the person.
    """
    current, review = accounts.alias("current"), reviews.alias("review")
    both = current.join(review, review.c.id == decision.review_id)
    values: Mapping[str, ColumnElement[Any]] = {
        **(_names_in(review) if is_named_by_review else {name: current.c[name] for name in NAMES}),
        "id": sa.literal(account_id, BigInteger),
        "role": sa.case((current.c.role == "admin", "teacher"), else_=current.c.role),
        "email": NO_TEXT,
        "clever_email": NO_TEXT if is_named_by_review else current.c.clever_email,
        "grade": NO_TEXT if is_named_by_review else current.c.grade,
        "imported_from_clever": sa.true(),
        "archived_at": NO_TIME,
    }
    created = select_rows(decision, "accounts", INSERT, current, both, values)
    return {"accounts": [created.where(current.c.id == decision.current_account)]}


def restore_previous_values(decision: Decision) -> RowQueries:
    """Restore the values that the current account had before it was linked to the person. The journal has them.

    If another account has the previous email now, the account is left without an email.
    """
    row, link, other = accounts.alias("row"), identity_links.alias("link"), accounts.alias("other")
    previous = json_as_row(accounts, changes.c.before, "previous")
    source = (
        row.join(
            link,
            sa.and_(
                link.c.account_id == row.c.id,
                link.c.clever_id == decision.clever_id,
                link.c.unlinked_at.is_(None),
            ),
        )
        .join(
            changes,
            sa.and_(
                changes.c.sync_id == link.c.sync_id,
                changes.c.entity == "accounts",
                changes.c.op != INSERT,
                changes.c.key == sa.func.jsonb_build_object("id", row.c.id, type_=JSONB),
            ),
        )
        .join(previous, sa.true())
    )
    columns = (*NAMES, "role", "clever_email", "grade", "imported_from_clever", "archived_at")
    is_taken = sa.exists().where(other.c.email == previous.c.email, other.c.id != row.c.id)
    values = {**{name: previous.c[name] for name in columns}, "email": sa.case((~is_taken, previous.c.email))}
    updated = select_rows(decision, "accounts", UPDATE, row, source, values)
    return {"accounts": [updated.where(row.c.id == decision.current_account)]}


def link_person(decision: Decision, account_id: int) -> RowQueries:
    """Link the person to an account. The live links of the person and of that account end."""
    row = identity_links.alias("row")
    proof = {decision.proof: True} if decision.proof else {}
    evidence = {"review_id": decision.review_id, "was_account_id": decision.current_account, **proof}
    values: Mapping[str, ColumnElement[Any]] = {
        "id": next_id(identity_links),
        "organization_id": sa.literal(decision.organization_id, BigInteger),
        "clever_id": sa.literal(decision.clever_id, Text),
        "account_id": sa.literal(account_id, BigInteger),
        "rule": sa.literal("email" if decision.proof else decision.decision, Text),
        "evidence": sa.literal(evidence, JSONB),
        "sync_id": sa.literal(decision.sync_id, BigInteger),
        "decided_by": sa.literal(decision.decided_by, Text),
        "linked_at": sa.literal(decision.at, sa.DateTime(timezone=True)),
        "unlinked_sync_id": sa.cast(sa.null(), BigInteger),
        "unlinked_at": NO_TIME,
    }
    ended = select_rows(decision, "identity_links", END, row).where(
        row.c.unlinked_at.is_(None), row.c.account_id.in_((decision.current_account, account_id))
    )
    columns = [values[name].label(name) for name in TARGETS["identity_links"].columns]
    return {"identity_links": [ended, sa.select(sa.literal(INSERT).label("op"), *columns)]}


def close_review(decision: Decision) -> RowQueries:
    """Mark the review as resolved."""
    row = reviews.alias("row")
    values: Mapping[str, ColumnElement[Any]] = {
        "state": sa.literal("resolved"),
        "decision": sa.literal(decision.decision),
        "decided_by": sa.literal(decision.decided_by),
        "decided_at": sa.literal(decision.at, sa.DateTime(timezone=True)),
    }
    return {
        "reviews": [select_rows(decision, "reviews", UPDATE, row, values=values).where(row.c.id == decision.review_id)]
    }


def _names_in(review: FromClause) -> dict[str, ColumnElement[Any]]:
    """Return the first and the last name that the review recorded from Clever."""
    return {name: review.c.clever_says[name].astext for name in NAMES}
