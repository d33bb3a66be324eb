"""Refuses decisions about reviews that the review does not offer or that would harm a person.

Each function `refuse_<case>` raises `CorrectionRefused` in its case and returns nothing otherwise. None of them writes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import ARRAY

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator
from roster_pipeline.model.decisions import MOVING_REASONS, decisions_for
from roster_pipeline.product.database import share_district
from roster_pipeline.product.tables import (
    accounts,
    identity_links,
    org_memberships,
    organizations,
    roster_students,
    roster_teachers,
    rosters,
    school_memberships,
    syncs,
)


def read_account(pg: Connection, organization_id: int, account_id: int) -> sa.Row[Any]:
    """Read the facts about one account on which the refusals depend.

    Args:
        organization_id: the organization of the review.

    Returns:
        A row with these columns:
        `role`: the role of the account.
        `is_admin`: whether the account is an admin of any organization.
        `others`: the ids of the other organizations that the account belongs to.
        `is_elsewhere`: whether there are such organizations.
        `is_released`: whether all of them are disconnected (docs/rules.md R2.29) or Clever Library (R3.13).
        `linked_clever_id`: the Clever id that the account is linked to.
        `is_linked_here`: whether that link belongs to this organization.
        `is_shared`: whether the account has a live membership or enrollment from Clever.
    """
    is_account, link = accounts.c.id == account_id, identity_links.c
    is_live_link = sa.and_(link.account_id == account_id, link.unlinked_at.is_(None))
    others = _other_organizations(organization_id, account_id)
    is_connected = sa.and_(
        organizations.c.id.in_(others), organizations.c.state != "disconnected", organizations.c.tier != "library"
    )
    is_admin = sa.exists().where(*_is_live(org_memberships, account_id), org_memberships.c.is_admin)
    query = sa.select(
        accounts.c.role,
        sa.or_(accounts.c.role == "admin", is_admin).label("is_admin"),
        sa.exists(others).label("is_elsewhere"),
        (~sa.exists().where(is_connected)).label("is_released"),
        sa.func.array(others.scalar_subquery(), type_=ARRAY(sa.BigInteger)).label("others"),
        sa.select(link.clever_id).where(is_live_link).scalar_subquery().label("linked_clever_id"),
        sa.exists().where(is_live_link, link.organization_id == organization_id).label("is_linked_here"),
        sa.or_(*_clever_memberships(account_id)).label("is_shared"),
    )
    return pg.execute(query.where(is_account)).one()


def _other_organizations(organization_id: int, account_id: int) -> sa.CompoundSelect[Any]:
    """Select the organizations that an account is linked in or is a member of, except one."""
    link, member = identity_links.c, org_memberships.c
    linked = sa.select(link.organization_id).where(
        link.account_id == account_id, link.unlinked_at.is_(None), link.organization_id != organization_id
    )
    joined = sa.select(member.organization_id).where(
        *_is_live(org_memberships, account_id), member.organization_id != organization_id
    )
    return sa.union(linked, joined)


def _clever_memberships(account_id: int) -> list[sa.ColumnElement[bool]]:
    """Return, table by table, whether an account has a live membership or enrollment from Clever."""
    memberships = [
        sa.exists().where(*_is_live(table, account_id), table.c.source == "clever")
        for table in (org_memberships, school_memberships)
    ]
    enrollments = [
        sa.exists().where(*_is_live(table, account_id), table.c.roster_id == rosters.c.id, rosters.c.source == "clever")
        for table in (roster_teachers, roster_students)
    ]
    return [*memberships, *enrollments]


def _is_live(table: sa.Table, account_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.account_id == account_id, table.c.ended_at.is_(None)


def refuse_unoffered_decision(review: sa.Row[Any], decision: str, reviewed: sa.Row[Any] | None) -> None:
    """Refuse a decision that the reason of the review does not offer.

    Args:
        reviewed: the result of `read_account` for the reviewed account. None if the review names no account.
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


def lock_organizations(pg: Connection, organization_ids: Sequence[int]) -> tuple[str, ...]:
    """Lock organizations, so that they cannot be synced or connected until the transaction ends.

    Returns:
        The Clever district ids of the organizations that are connected.

    Raises:
        CorrectionRefused: a sync of one of them is running.
    """
    query = (
        sa.select(organizations.c.clever_district_id, organizations.c.state, organizations.c.tier)
        .where(organizations.c.id.in_(organization_ids))
        .order_by(organizations.c.id)
        .with_for_update(read=True)
    )
    rows = pg.execute(query).all()
    for district_id, _, _ in rows:
        if not share_district(pg, district_id):
            raise CorrectionRefused(
                operator.text(
                    "A sync of district {district} is running. Try again when the sync has ended.",
                    district=district_id,
                )
            )
    return tuple(key for key, state, tier in rows if state != "disconnected" and tier != "library")
