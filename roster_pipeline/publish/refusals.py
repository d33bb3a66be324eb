"""Why a decision about a person's identity is refused, and which decisions a review offers. Nothing is written here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.product.database import share_district

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
OTHERS = """
    select organization_id from roster.identity_links where account_id = account.id and unlinked_at is null
    union select organization_id from roster.org_memberships where account_id = account.id and ended_at is null
    except select cast(:organization_id as bigint)
"""
ACCOUNT = f"""
    select
        account.role,
        account.role = 'admin' or exists (select from roster.org_memberships where account_id = account.id
            and ended_at is null and is_admin) as is_admin,
        exists ({OTHERS}) as is_elsewhere,
        not exists (
            select from roster.organizations where id in ({OTHERS}) and state <> 'disconnected'
        ) as is_released,
        array({OTHERS}) as others,
        (select clever_id from roster.identity_links where account_id = account.id and unlinked_at is null) as other,
        exists (select from roster.identity_links where account_id = account.id and unlinked_at is null
            and organization_id = :organization_id) as is_linked_here,
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
"""An account as a decision finds it. `others`: the other organizations that it lives in; it `is_released` if all of
them are disconnected."""
CONNECTED = """
    select clever_district_id, state from roster.organizations where id = any(:others) order by id for share
"""


def read_account(pg: Connection, organization_id: int, account_id: int) -> sa.Row[Any]:
    """One account, as `ACCOUNT` gives it."""
    return pg.execute(sa.text(ACCOUNT), {"account_id": account_id, "organization_id": organization_id}).one()


def decisions_for(reason: str, *, is_released: bool) -> tuple[str, ...]:
    """What a person may decide about a review.

    Args:
        is_released: whether the account of the review is of disconnected organizations only (R2.29).
    """
    if reason == "other_organization" and is_released:
        return ("relink", "create")
    return DECISIONS.get(reason, ("create",))


def refuse_other_decisions(review: sa.Row[Any], decision: str, about: sa.Row[Any] | None) -> None:
    """Refuse a decision that the reason of the review does not offer."""
    allowed = decisions_for(review.reason, is_released=bool(about and about.is_released))
    if decision not in allowed:
        hint = " Relink is offered once that organization is disconnected." if decision == "relink" and about else ""
        raise CorrectionRefused(
            f"Review {review.id} ({review.reason}) can be resolved as {' or '.join(allowed)}, not as {decision}."
            + (hint if review.reason == "other_organization" else "")
        )


def refuse_harm(review: sa.Row[Any], holder: sa.Row[Any], own: sa.Row[Any]) -> None:
    """Never into another organization's account, nor into that of somebody whom Clever still shares.

    Args:
        holder: the account of the review.
        own: the account that the person has.
    """
    is_moving = review.reason == "other_organization"
    is_linked = holder.is_linked_here if is_moving else holder.other and review.reason != "already_linked"
    if holder.is_elsewhere and not is_moving:
        raise CorrectionRefused(f"The account of review {review.id} is in another organization. Resolve as create.")
    if holder.is_admin and (own.role == "student" or is_moving):
        raise CorrectionRefused(f"The account of review {review.id} is an admin's, the person a {own.role}: create.")
    if is_moving and holder.role != own.role:
        raise CorrectionRefused(
            f"The account of review {review.id} is a {holder.role}'s, the person a {own.role}. Resolve as create."
        )
    refuse_leaving(review, own)
    if is_linked:
        raise CorrectionRefused(
            f"The account of review {review.id} is linked to Clever id {holder.other} by now. Resolve as create."
        )
    if holder.other and holder.is_shared and not is_moving:
        raise CorrectionRefused(
            f"Clever still shares {holder.other}, whose account {review.clever_id} would get. "
            "Relink once it is gone, or resolve as create."
        )


def refuse_leaving(review: sa.Row[Any], own: sa.Row[Any]) -> None:
    """An account that is in use beyond what Clever says of the person is not closed, nor left."""
    if own.is_elsewhere or own.is_admin:
        raise CorrectionRefused(
            f"The account that the person of review {review.id} has is an admin's or in another organization too. "
            "Take that away first, or resolve as create or same."
        )


def refuse_taken_address(pg: Connection, review: sa.Row[Any], own: int) -> None:
    """The email of the person belongs to another account since the review was opened."""
    taken = pg.execute(
        sa.text(
            "select exists (select from roster.accounts as other join roster.accounts as own on own.id = :own "
            "where other.email = own.clever_email and other.id <> own.id)"
        ),
        {"own": own},
    ).scalar_one()
    if taken:
        raise CorrectionRefused(f"The address of review {review.id} belongs to an account by now. Resolve as create.")


def keep_from_syncing(pg: Connection, organizations: Sequence[int]) -> tuple[str, ...]:
    """Keep organizations, and whether they are connected, as they are until the transaction ends.

    Returns:
        Those that are not disconnected, by Clever district id.

    Raises:
        CorrectionRefused: a sync of one of them is running.
    """
    rows = pg.execute(sa.text(CONNECTED), {"others": list(organizations)}).all()
    for district_id, _ in rows:
        if not share_district(pg, district_id):
            raise CorrectionRefused(f"A sync of district {district_id} is running. Try again when it has ended.")
    return tuple(district_id for district_id, state in rows if state != "disconnected")
