"""Refuses decisions about reviews that the review does not offer or that would harm a person.

Each function `refuse_<case>` raises `CorrectionRefused` in its case and returns nothing otherwise. None of them writes.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator
from roster_pipeline.model.decisions import MOVING_REASONS, decisions_for
from roster_pipeline.product.tables import (
    accounts,
    identity_links,
    organizations,
    roster_students,
    roster_teachers,
    rosters,
    syncs,
)


def refuse_unoffered_decision(review: sa.Row[Any], decision: str, reviewed: sa.Row[Any] | None) -> None:
    """Refuse a decision that the reason of the review does not offer.

    Args:
        reviewed: the result of `read_account` for the reviewed account. None if the review names no account, or if the
            decision says that they are two people.
    """
    allowed = decisions_for(review.reason, is_released=bool(reviewed and reviewed.is_released))
    if decision in allowed:
        return
    refusal = operator.text(
        "Review {review} ({reason}) offers {allowed}, not {decision}.",
        review=review.id,
        reason=review.reason,
        allowed=operator.join(allowed),
        decision=decision,
    )
    if review.reason == "other_organization" and decision == "relink" and reviewed:
        refusal += " " + operator.text("The review offers relink once the other organization is disconnected.")
    raise CorrectionRefused(refusal)


def refuse_harmful_merge(review: sa.Row[Any], reviewed: sa.Row[Any], current: sa.Row[Any]) -> None:
    """Refuse to merge the current account of a person into the reviewed account if that would harm a person.

    The merge is refused in these cases:

    - The reviewed account belongs to another organization, and the review is not about that.
    - The reviewed account is an admin, and the person is a student or the account would change its organization.
    - The reviewed account would change its organization and has another role than the person.
    - The current account is an admin or also belongs to another organization.
    - The reviewed account has been linked to another person since the review was opened.
    - The reviewed account is linked to a person whom Clever still shares.

    Args:
        reviewed: the result of `read_account` for the reviewed account.
        current: the result of `read_account` for the current account of the person.
    """
    is_moving = review.reason in MOVING_REASONS
    _refuse_unfit_account(review, reviewed, current, is_moving=is_moving)
    refuse_account_in_use(review, current)
    _refuse_linked_account(review, reviewed, is_moving=is_moving)


def _refuse_unfit_account(review: sa.Row[Any], reviewed: sa.Row[Any], current: sa.Row[Any], *, is_moving: bool) -> None:
    """Refuse the reviewed account because of its organizations or its role."""
    if reviewed.is_elsewhere and not is_moving:
        raise CorrectionRefused(
            operator.text(
                "The account of review {review} belongs to another organization. Use --as create.", review=review.id
            )
        )
    if reviewed.is_admin and (current.role == "student" or is_moving):
        raise CorrectionRefused(
            operator.text(
                "The account of review {review} is an admin and the person is a {role}. Use --as create.",
                review=review.id,
                role=current.role,
            )
        )
    if is_moving and reviewed.role != current.role:
        raise CorrectionRefused(
            operator.text(
                "The account of review {review} is a {role} and the person is a {own_role}. Use --as create.",
                review=review.id,
                role=reviewed.role,
                own_role=current.role,
            )
        )


def _refuse_linked_account(review: sa.Row[Any], reviewed: sa.Row[Any], *, is_moving: bool) -> None:
    """Refuse the reviewed account because another person is linked to it."""
    is_linked = (
        reviewed.is_linked_here if is_moving else reviewed.linked_clever_id and review.reason != "already_linked"
    )
    if is_linked:
        raise CorrectionRefused(
            operator.text(
                "The account of review {review} has since been linked to another person (Clever ID {clever_id}). "
                "Use --as create.",
                review=review.id,
                clever_id=reviewed.linked_clever_id,
            )
        )
    if reviewed.linked_clever_id and reviewed.is_shared and not is_moving:
        raise CorrectionRefused(
            operator.text(
                "Clever still shares {clever_id}, whose account {person} would get. Use --as relink once Clever no "
                "longer shares {clever_id}, or use --as create.",
                clever_id=reviewed.linked_clever_id,
                person=review.clever_id,
            )
        )


def refuse_account_in_use(review: sa.Row[Any], current: sa.Row[Any]) -> None:
    """Refuse to take the current account from the person if it is an admin or also belongs to another organization.

    Args:
        current: the result of `read_account` for the current account of the person.
    """
    if current.is_elsewhere or current.is_admin:
        raise CorrectionRefused(
            operator.text(
                "The current account of the person of review {review} is an admin or also belongs to another "
                "organization. End that first, or use --as {alternative}.",
                review=review.id,
                alternative="same" if review.reason == "recycled_id" else "create",
            )
        )


def refuse_erased_journal(pg: Connection, review: sa.Row[Any], account_id: int) -> None:
    """Refuse to take an account from the person if the journal of the link was erased, by its age or with a person.

    Nothing else has the values that the account had before, so it would keep the person's name and email.
    """
    link, sync = identity_links.c, syncs.c
    query = (
        sa.select(sync.id)
        .join(identity_links, link.sync_id == sync.id)
        .where(
            link.clever_id == review.clever_id,
            link.account_id == account_id,
            link.unlinked_at.is_(None),
            link.rule.not_in(("created", "create", "different")),
            sa.or_(sync.journal_erased_at.is_not(None), link.evidence.has_key("journal_erased")),
        )
    )
    sync_id = pg.execute(query).scalar()
    if sync_id is not None:
        raise CorrectionRefused(
            operator.text(
                "Review {review} cannot be resolved as two people. The journal of sync {sync}, which linked them, was "
                "erased, so the earlier name and email of account {account} are unknown.",
                review=review.id,
                sync=sync_id,
                account=account_id,
            )
        )


def refuse_library_student(pg: Connection, review: sa.Row[Any]) -> None:
    """Refuse to take a student out of a class that a teacher of Clever Library still has (docs/rules.md R3.13)."""
    library = sa.select(organizations.c.id).where(organizations.c.tier == "library")
    query = (
        sa.select(rosters.c.id)
        .join(roster_students, roster_students.c.roster_id == rosters.c.id)
        .join(roster_teachers, roster_teachers.c.roster_id == rosters.c.id)
        .where(roster_students.c.account_id == review.account_id, roster_students.c.ended_at.is_(None))
        .where(rosters.c.organization_id.in_(library), rosters.c.archived_at.is_(None), rosters.c.source == "clever")
        .where(roster_teachers.c.ended_at.is_(None))
    )
    if review.reason == "library_student" and pg.execute(query.limit(1)).first():
        raise CorrectionRefused(
            operator.text(
                "The student of review {review} is in a class of a teacher of Clever Library. Decide the review of "
                "that teacher first.",
                review=review.id,
            )
        )


def refuse_taken_email(pg: Connection, review: sa.Row[Any], account_id: int) -> None:
    """Refuse to give an account an email that another account has taken since the review was opened."""
    account, other = accounts.alias("account"), accounts.alias("other")
    is_taken = sa.exists().where(
        account.c.id == account_id, other.c.email == account.c.clever_email, other.c.id != account.c.id
    )
    if pg.execute(sa.select(is_taken)).scalar_one():
        raise CorrectionRefused(
            operator.text(
                "Another account has since taken the email of review {review}. Use --as create.", review=review.id
            )
        )
