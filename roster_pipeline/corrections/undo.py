"""Undoes a sync: writes back what the sync changed, from its journal (docs/rules.md R5.19).

An undo is a sync of its own and can be undone. A row that existed before the sync gets the values that it had then. A
row that the sync added ends. Only pending members, which have no end date, are deleted. A row that was written since
the sync keeps its values and is listed. If the account, the identity link or the organization membership of a person
was written since, the undo leaves every row of that person unchanged. The undo of a Library teacher's update leaves
what other teachers have now.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import JSONB

from roster_pipeline.corrections.decision import RowQueries
from roster_pipeline.corrections.excluded_rows import clear_second_primaries, exclude_unrestorable_rows
from roster_pipeline.corrections.library_merge import find_merge, follow_merge, wait_for_updates
from roster_pipeline.corrections.organization_locks import lock_organizations
from roster_pipeline.corrections.shared_classes import exclude_shared_rows, lock_classes, restore_choices
from roster_pipeline.corrections.undone_rows import UNDONE, load_undone_rows
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.messages import operator
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.native_classes import follow_teachers
from roster_pipeline.product.tables import changes, schools, syncs
from roster_pipeline.publish.table_mappings import TARGETS
from roster_pipeline.publish.writer import write_rows
from roster_pipeline.syncs.correction_records import begin_correction, finish_correction


@dataclass(frozen=True)
class UndoResult:
    """The result of an undo.

    Attributes:
        sync_id: the sync that records the undo.
        counts: the number of rows that were written, by entity and op.
        skipped: the entity and key of each row that the undo left unchanged. An entry with `column` is an account that
            was restored without its email, because another account has the email now.
    """

    sync_id: int
    counts: dict[str, dict[str, int]]
    skipped: list[dict[str, Any]] = field(default_factory=list)


def undo_sync(pg: Connection, sync_id: int, at: datetime, *, school: str | None = None) -> UndoResult | None:
    """Undo a sync, in the transaction of `pg`. The caller holds the lock of the district.

    Args:
        sync_id: the sync to undo.
        school: the Clever id of the one school whose rows are restored. These are the school, its memberships, its
            rosters with their members, and the people who are members of no other school.

    Returns:
        The result, or None if the sync was already undone.

    Raises:
        CorrectionRefused: the sync or the school does not exist, the sync published nothing or has no journal any more,
            a decision or an undo is to be undone for one school, or a sync of another organization or of a Library
            teacher to which the undo writes is running.
    """
    original_sync = _find_sync(pg, sync_id)
    if original_sync.state == "undone" or (school and _is_school_undone(pg, original_sync, school)):
        return None
    correction = begin_correction(pg, original_sync.organization_id, "undo", at, account_id=original_sync.account_id)
    write_as_sync(pg, original_sync.organization_id)
    school_id = _find_school(pg, original_sync, school) if school else None
    others = original_sync.counts.get("from_organizations", [])
    first_sync = _find_first_sync(pg, original_sync)
    is_library_update, merge = first_sync.trigger == "library", find_merge(pg, first_sync.id)
    if others:
        lock_organizations(pg, others, _read_linked_accounts(pg, sync_id))
    if merge:
        wait_for_updates(pg, merge.account_ids)
    if is_library_update:
        lock_classes(pg, sync_id)
    for target in TARGETS.values():
        load_undone_rows(pg, target, original_sync, correction=correction, at=at, school_id=school_id)
    skipped = exclude_shared_rows(pg, original_sync.account_id) if is_library_update else []
    skipped += exclude_unrestorable_rows(pg)
    clear_second_primaries(pg)
    _set_former_admins(pg, sync_id)
    counts = write_rows(pg, _select_undone_rows(), correction, as_owner=bool(others))
    if is_library_update:
        restore_choices(pg, original_sync.account_id, correction)
    if merge:
        follow_merge(pg, merge)
    if others:
        follow_teachers(pg, (original_sync.organization_id, *others))
    record = {"undoes": sync_id, "former_state": original_sync.state, "school": school}
    record |= {"changes": counts, "skipped": len(skipped), **({"from_organizations": others} if others else {})}
    finish_correction(pg, correction, record, at)
    if not school:
        _set_state(pg, original_sync, "undone")
    return UndoResult(correction, counts, skipped)


def _find_sync(pg: Connection, sync_id: int) -> sa.Row[Any]:
    """Read and lock the sync.

    Raises:
        CorrectionRefused: the sync does not exist, published nothing, or has no journal any more.
    """
    sync = pg.execute(sa.select(syncs).where(syncs.c.id == sync_id).with_for_update(key_share=True)).one_or_none()
    if sync is None:
        raise CorrectionRefused(operator.text("There is no sync {sync}.", sync=sync_id))
    if sync.state not in ("published", "held", "undone"):
        raise CorrectionRefused(
            operator.text(
                "Sync {sync} is {state}. It wrote nothing that could be undone.", sync=sync_id, state=sync.state
            )
        )
    if sync.journal_erased_at is not None:
        raise CorrectionRefused(
            operator.text(
                "Sync {sync} cannot be undone. Its journal was erased on {day}, because its retention period had ended "
                "(roster-pipeline retention).",
                sync=sync_id,
                day=f"{sync.journal_erased_at:%Y-%m-%d}",
            )
        )
    return sync


def _select_undone_rows() -> RowQueries:
    """Select the rows of the temporary tables `undone_<entity>`."""
    return {
        name: [sa.select(UNDONE[name].c.op, *(UNDONE[name].c[column] for column in target.columns))]
        for name, target in TARGETS.items()
    }


def _read_linked_accounts(pg: Connection, sync_id: int) -> set[int]:
    """Return the accounts whose identity links a sync wrote."""
    image = sa.func.coalesce(changes.c.after, changes.c.before, type_=JSONB)
    account_id = sa.cast(image["account_id"].astext, sa.BigInteger)
    of_sync = sa.and_(changes.c.sync_id == sync_id, changes.c.entity == "identity_links")
    return set(pg.execute(sa.select(account_id).where(of_sync)).scalars())


def _find_school(pg: Connection, original_sync: sa.Row[Any], school: str) -> int:
    """Return the id of a school.

    Raises:
        CorrectionRefused: the district does not have the school, or the sync cannot be undone for one school.
    """
    if original_sync.mode in ("resolve", "undo"):
        raise CorrectionRefused(
            operator.text("Sync {sync} is a decision or an undo, which is undone as a whole.", sync=original_sync.id)
        )
    is_school = sa.and_(schools.c.organization_id == original_sync.organization_id, schools.c.clever_id == school)
    school_id = pg.execute(sa.select(schools.c.id).where(is_school)).scalar()
    if school_id is None:
        raise CorrectionRefused(operator.text("The district of this sync has no school {school}.", school=school))
    return int(school_id)


def _is_school_undone(pg: Connection, original_sync: sa.Row[Any], school: str) -> bool:
    """Return whether the sync was already undone for this one school, and that undo was not undone itself."""
    counts = syncs.c.counts
    earlier_undo = sa.select(syncs.c.id).where(
        syncs.c.organization_id == original_sync.organization_id,
        syncs.c.mode == "undo",
        syncs.c.state == "published",
        counts["undoes"].astext == str(original_sync.id),
        counts["school"].astext == school,
    )
    return pg.execute(earlier_undo.limit(1)).first() is not None


def _set_former_admins(pg: Connection, sync_id: int) -> None:
    """Store in the setting `roster.ex_admins` the accounts whose `is_admin` the sync cleared.

    When the undo ends such a membership, a trigger sets `is_admin` again. The writer itself may not set it.
    """
    account_id = changes.c.before["account_id"].astext
    former = sa.select(sa.func.coalesce(sa.func.string_agg(account_id, " "), "")).where(
        changes.c.sync_id == sync_id,
        changes.c.entity == "org_memberships",
        sa.cast(changes.c.before["is_admin"].astext, sa.Boolean),
        ~sa.cast(changes.c.after["is_admin"].astext, sa.Boolean),
    )
    pg.execute(sa.select(sa.func.set_config("roster.ex_admins", former.scalar_subquery(), sa.true())))


def _set_state(pg: Connection, sync: sa.Row[Any], state: str) -> None:
    """Set the state of a sync.

    If the sync is an undo of a whole sync, the sync that it undid becomes `undone`, or has its former state again.
    """
    pg.execute(syncs.update().where(syncs.c.id == sync.id).values(state=state))
    if sync.mode == "undo" and not sync.counts.get("school"):
        original_sync = _read_original_sync(pg, sync)
        # Undos of earlier versions did not record the former state.
        former = sync.counts.get("former_state") or ("held" if original_sync.counts.get("held") else "published")
        _set_state(pg, original_sync, former if state == "undone" else "undone")


def _find_first_sync(pg: Connection, sync: sa.Row[Any]) -> sa.Row[Any]:
    """Return the sync at the beginning of a chain of undos. A sync that is no undo is its own beginning."""
    while sync.mode == "undo":
        sync = _read_original_sync(pg, sync)
    return sync


def _read_original_sync(pg: Connection, undo: sa.Row[Any]) -> sa.Row[Any]:
    """Return the sync that an undo undid."""
    return pg.execute(sa.select(syncs).where(syncs.c.id == undo.counts["undoes"])).one()
