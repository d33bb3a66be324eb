"""Joins the account of a Library teacher with an earlier account that the teacher has proven to own.

The proof is a login with Google to the earlier account. The identity link then has rule `email` and the evidence
`merged_by_owner` (docs/rules.md R3.14). An undo of the sync that records it separates the two again, and the teacher
has the chosen classes, the sessions and the waiting requests with the account that was closed.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Merge:
    """A merge that was made.

    Attributes:
        clever_id: the Clever id of the teacher.
        account_ids: the two accounts. The merge closed one of them, and gave the teacher the other one.
    """

    clever_id: str
    account_ids: frozenset[int]


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

    What belongs to the teacher on the Clever page moves too (`_move_belongings`).

    Args:
        account_id: the account that the teacher has now.
        proven_id: the earlier account, to which the teacher has logged in.

    Raises:
        CorrectionRefused: an update of the teacher does not end, the review is not this teacher's, the teacher has not
            proven to own the earlier account, or the merge would harm a person.
    """
    wait_for_updates(pg, (account_id,))
    if not _may_decide(pg, organization_id, account_id, review_id, proven_id):
        raise CorrectionRefused(operator.text(NOT_OWN, review=review_id))
    resolution = resolve_review(pg, review_id, "link", decided_by=decided_by, at=at, proof=PROOF)
    _move_belongings(pg, resolution.clever_id, account_id, resolution.account_id)
    # Only the teacher sees the record.
    pg.execute(syncs.update().where(syncs.c.id == resolution.sync_id).values(account_id=resolution.account_id))
    return resolution.sync_id


def find_merge(pg: Connection, sync_id: int) -> Merge | None:
    """Return the merge that a sync records, or None if it records none."""
    link = identity_links.c
    was_account_id = sa.cast(link.evidence["was_account_id"].astext, sa.BigInteger)
    query = sa.select(link.clever_id, link.account_id, was_account_id)
    row = pg.execute(query.where(link.sync_id == sync_id, link.evidence.has_key(PROOF))).one_or_none()
    return Merge(row[0], frozenset(row[1:])) if row else None


def follow_merge(pg: Connection, merge: Merge) -> None:
    """Give what belongs to a teacher to the account that the teacher has after an undo, from the other account."""
    link = identity_links.c
    is_live = sa.and_(link.clever_id == merge.clever_id, link.unlinked_at.is_(None))
    account_id = pg.execute(sa.select(link.account_id).where(is_live)).scalar()
    if account_id in merge.account_ids:
        (other_id,) = merge.account_ids - {account_id}
        _move_belongings(pg, merge.clever_id, other_id, account_id)


def wait_for_updates(pg: Connection, account_ids: Collection[int]) -> None:
    """Keep updates of Library teachers from beginning until the transaction ends. Wait for those that run.

    An update would write classes for an account that the transaction closes.

    Raises:
        CorrectionRefused: an update takes too long.
    """
    end = time.monotonic() + WAIT_SECONDS
    for account_id in sorted(account_ids):
        while not share_district(pg, name_teacher_lock(account_id)):
            if time.monotonic() > end:
                raise CorrectionRefused(operator.text(UPDATING, account=account_id))
            time.sleep(LOOK_SECONDS)


def _move_belongings(pg: Connection, clever_id: str, account_id: int, to_account_id: int) -> None:
    """Move the chosen classes, the Clever sessions and the waiting requests of a teacher to another account.

    The token goes, because it is encrypted for the account that the teacher leaves.
    """
    _move_choices(pg, account_id, to_account_id)
    session, request = web_sessions.c, refresh_requests.c
    is_live = sa.and_(session.account_id == account_id, session.clever_id == clever_id, session.ended_at.is_(None))
    pg.execute(web_sessions.update().where(is_live).values(account_id=to_account_id))
    is_waiting = sa.and_(request.requested_by_account_id == account_id, request.state == "queued")
    pg.execute(refresh_requests.update().where(is_waiting).values(requested_by_account_id=to_account_id))
    close_teacher_holds(pg, [account_id])
    pg.execute(library_tokens.delete().where(library_tokens.c.account_id == account_id))


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
    """Move the chosen classes of a teacher to another account. Of two choices of one class the newer one counts."""
    choice = library_classes.c
    others = ("organization_id", "section_id", "chosen_at", "removed_at")
    rows = sa.select(sa.literal(to_account_id), *(choice[name] for name in others)).where(
        choice.account_id == account_id
    )
    moved = insert(library_classes).from_select(["account_id", *others], rows)
    new = moved.excluded
    is_newer = sa.func.greatest(new.chosen_at, new.removed_at) > sa.func.greatest(choice.chosen_at, choice.removed_at)
    newer = {"chosen_at": new.chosen_at, "removed_at": new.removed_at}
    pg.execute(moved.on_conflict_do_update(index_elements=["account_id", "section_id"], set_=newer, where=is_newer))
    pg.execute(library_classes.delete().where(choice.account_id == account_id))
