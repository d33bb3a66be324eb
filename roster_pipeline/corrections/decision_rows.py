"""The rows that a decision writes about accounts, identity links and reviews, as queries for the writer.

Each function returns queries by entity. A query selects rows of the product as they shall be.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy import BigInteger, ColumnElement, FromClause, Text
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.corrections.decision import Decision, Rows, select_rows
from roster_pipeline.model.entities import END, INSERT, UPDATE
from roster_pipeline.product.tables import (
    accounts,
    changes,
    identity_links,
    reviews,
)
from roster_pipeline.publish.statements import json_as_row, next_id
from roster_pipeline.publish.table_mappings import NO_TEXT, NO_TIME, TARGETS

NAMES = ("first_name", "last_name")


def take_over(decision: Decision) -> Rows:
    """Move the values that Clever gives from the person's account to the account of the review, and close the first.

    The account of the review keeps its email, and an admin stays an admin.
    """
    row, own = accounts.alias("row"), accounts.alias("own")
    both = row.join(own, own.c.id == decision.own)
    values = {name: own.c[name] for name in (*NAMES, "clever_email")}
    role = sa.case((row.c.role == "admin", row.c.role), else_=own.c.role)
    updated = select_rows(
        decision,
        "accounts",
        UPDATE,
        row,
        both,
        {**values, "role": role, "imported_from_clever": sa.true(), "archived_at": NO_TIME},
    ).where(row.c.id == decision.about)
    ended = select_rows(decision, "accounts", END, row).where(row.c.id == decision.own)
    return {"accounts": [updated, ended]}


def claim_email(decision: Decision) -> Rows:
    """Give the person's account the email that Clever gives."""
    row = accounts.alias("row")
    updated = select_rows(decision, "accounts", UPDATE, row, values={"email": row.c.clever_email})
    return {"accounts": [updated.where(row.c.id == decision.own)]}


def accept_name(decision: Decision) -> Rows:
    """Give the person's account the name that Clever gives, as the review keeps it.

    The next sync updates the email.
    """
    row, review = accounts.alias("row"), reviews.alias("review")
    both = row.join(review, review.c.id == decision.review_id)
    updated = select_rows(decision, "accounts", UPDATE, row, both, _names_in(review))
    return {"accounts": [updated.where(row.c.id == decision.own)]}


def create_account(decision: Decision, account_id: int, *, is_named_by_review: bool) -> Rows:
    """Create an account for the person, without an email.

    The next sync gives the account the email if the email is free. It opens no second review.

    Args:
        is_named_by_review: take the name from the review and no email of Clever. Otherwise both come from the account
            that the person is linked to.
    """
    own, review = accounts.alias("own"), reviews.alias("review")
    both = own.join(review, review.c.id == decision.review_id)
    values: Mapping[str, ColumnElement[Any]] = {
        **(_names_in(review) if is_named_by_review else {name: own.c[name] for name in NAMES}),
        "id": sa.literal(account_id, BigInteger),
        "role": sa.case((own.c.role == "admin", "teacher"), else_=own.c.role),
        "email": NO_TEXT,
        "clever_email": NO_TEXT if is_named_by_review else own.c.clever_email,
        "imported_from_clever": sa.true(),
        "archived_at": NO_TIME,
    }
    return {"accounts": [select_rows(decision, "accounts", INSERT, own, both, values).where(own.c.id == decision.own)]}


def give_back(decision: Decision) -> Rows:
    """Give the person's account the values that it had before it was linked to the person, from the journal."""
    row, link, other = accounts.alias("row"), identity_links.alias("link"), accounts.alias("other")
    was = json_as_row(accounts, changes.c.before, "was")
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
        .join(was, sa.true())
    )
    columns = (*NAMES, "role", "clever_email", "imported_from_clever", "archived_at")
    is_taken = sa.exists().where(other.c.email == was.c.email, other.c.id != row.c.id)
    values = {**{name: was.c[name] for name in columns}, "email": sa.case((~is_taken, was.c.email))}
    updated = select_rows(decision, "accounts", UPDATE, row, source, values)
    return {"accounts": [updated.where(row.c.id == decision.own)]}


def link_to(decision: Decision, account_id: int) -> Rows:
    """End the links of the person and of an account, and link the two."""
    row = identity_links.alias("row")
    evidence = {"review_id": decision.review_id, "was_account_id": decision.own}
    values: Mapping[str, ColumnElement[Any]] = {
        "id": next_id(identity_links),
        "organization_id": sa.literal(decision.organization_id, BigInteger),
        "clever_id": sa.literal(decision.clever_id, Text),
        "account_id": sa.literal(account_id, BigInteger),
        "rule": sa.literal(decision.decision, Text),
        "evidence": sa.literal(evidence, JSONB),
        "sync_id": sa.literal(decision.sync_id, BigInteger),
        "decided_by": sa.literal(decision.decided_by, Text),
        "linked_at": sa.literal(decision.at, sa.DateTime(timezone=True)),
        "unlinked_sync_id": sa.cast(sa.null(), BigInteger),
        "unlinked_at": NO_TIME,
    }
    ended = select_rows(decision, "identity_links", END, row).where(
        row.c.unlinked_at.is_(None), row.c.account_id.in_((decision.own, account_id))
    )
    columns = [values[name].label(name) for name in TARGETS["identity_links"].columns]
    return {"identity_links": [ended, sa.select(sa.literal(INSERT).label("op"), *columns)]}


def close_review(decision: Decision) -> Rows:
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
    return {name: review.c.clever_says[name].astext for name in NAMES}
