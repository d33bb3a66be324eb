"""Joins the account of a Library teacher with an earlier account that the teacher has proven to own.

The proof is a login with Google to the earlier account. The identity link then has rule `email` and the evidence
`merged_by_owner` (docs/rules.md R3.14). To undo the sync that records it separates the two again.
"""

from __future__ import annotations

import time
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.corrections.email_holder import OWN_REASONS
from roster_pipeline.corrections.organization_locks import UPDATING
from roster_pipeline.corrections.resolve import resolve_review
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator
from roster_pipeline.product.database import name_teacher_lock, share_district
from roster_pipeline.product.tables import (
    identity_links,
    library_classes,
    library_tokens,
    org_memberships,
    organizations,
    refresh_requests,
    reviews,
    syncs,
    web_identities,
    web_sessions,
)
from roster_pipeline.syncs.holds import close_teacher_holds

PROOF = "merged_by_owner"
WAIT_SECONDS, LOOK_SECONDS = 10.0, 0.2
"""How long a merge waits for an update of the teacher, and how often it looks."""
NOT_OWN = operator.mark("Review {review} is not one that this teacher may decide.")


def merge_own_account(
    pg: Connection,
    organization_id: int,
    account_id: int,
    review_id: int,
    *,
    proven_id: int | None,
    decided_by: str,
    at: datetime,
) -> int:
    """Give a teacher the earlier account of a review, and return the sync that records it.

    The sessions and the chosen classes of the teacher move too. The token goes, because it is encrypted for the account
    that is closed now.

    Args:
        account_id: the account that the teacher has now.
        proven_id: the earlier account, to which the teacher has logged in.

    Raises:
        CorrectionRefused: an update of the teacher does not end, the review is not this teacher's, the teacher has not
            proven to own the earlier account, or the merge would harm a person.
    """
    _wait_for_update(pg, account_id)
    if not _may_decide(pg, organization_id, account_id, review_id, proven_id):
        raise CorrectionRefused(operator.text(NOT_OWN, review=review_id))
    resolution = resolve_review(pg, review_id, "link", decided_by=decided_by, at=at, proof=PROOF)
    _move_choices(pg, account_id, resolution.account_id)
    live = sa.and_(web_sessions.c.account_id == account_id, web_sessions.c.ended_at.is_(None))
    pg.execute(web_sessions.update().where(live).values(account_id=resolution.account_id))
    own = sa.and_(refresh_requests.c.requested_by_account_id == account_id, refresh_requests.c.state == "queued")
    pg.execute(refresh_requests.update().where(own).values(requested_by_account_id=resolution.account_id))
    close_teacher_holds(pg, [account_id])
    pg.execute(library_tokens.delete().where(library_tokens.c.account_id == account_id))
    # Only the teacher sees the record.
    pg.execute(syncs.update().where(syncs.c.id == resolution.sync_id).values(account_id=resolution.account_id))
    return resolution.sync_id


def _wait_for_update(pg: Connection, account_id: int) -> None:
    """Keep updates of the teacher from beginning until the transaction ends. Wait for one that runs.

    It would write classes for the account that is closed meanwhile.

    Raises:
        CorrectionRefused: the update takes too long.
    """
    end = time.monotonic() + WAIT_SECONDS
    while not share_district(pg, name_teacher_lock(account_id)):
        if time.monotonic() > end:
            raise CorrectionRefused(operator.text(UPDATING, account=account_id))
        time.sleep(LOOK_SECONDS)


def _may_decide(pg: Connection, organization_id: int, account_id: int, review_id: int, proven_id: int | None) -> bool:
    """Return whether the open review is a Library teacher's own, and a login to the earlier account is recorded."""
    link, member, proof = identity_links.c, org_memberships.c, web_identities.c
    is_library_teacher = sa.exists().where(
        organizations.c.id == organization_id,
        organizations.c.tier == "library",
        member.organization_id == organizations.c.id,
        member.account_id == account_id,
        member.role == "teacher",
        member.ended_at.is_(None),
    )
    is_own = sa.exists().where(
        link.clever_id == reviews.c.clever_id, link.account_id == account_id, link.unlinked_at.is_(None)
    )
    is_proven = sa.exists().where(
        proof.provider == "google", proof.account_id == reviews.c.account_id, proof.unlinked_at.is_(None)
    )
    query = sa.select(reviews.c.id).where(
        reviews.c.id == review_id,
        reviews.c.organization_id == organization_id,
        reviews.c.account_id == proven_id,
        reviews.c.reason.in_(OWN_REASONS),
        is_library_teacher,
        is_own,
        is_proven,
    )
    return pg.execute(query).first() is not None


def _move_choices(pg: Connection, account_id: int, to_account_id: int) -> None:
    """Move the chosen classes of a teacher from the closed account to the other one."""
    own = library_classes.c
    others = ("organization_id", "section_id", "chosen_at", "removed_at")
    rows = sa.select(sa.literal(to_account_id), *(own[name] for name in others)).where(own.account_id == account_id)
    moved = insert(library_classes).from_select(["account_id", *others], rows)
    pg.execute(moved.on_conflict_do_nothing())
    pg.execute(library_classes.delete().where(own.account_id == account_id))
