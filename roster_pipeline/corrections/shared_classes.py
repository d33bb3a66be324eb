"""Excludes from the undo of a Library teacher's update what other teachers have now (docs/rules.md R5.19).

Co-teachers share a class, and a student can be in the classes of several teachers. A later update of another teacher
writes only what it adds, so the journal does not show that the other teacher relies on the rows of the earlier update.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from roster_pipeline.corrections.undone_rows import UNDONE
from roster_pipeline.product.database import lock_keys, name_section_lock
from roster_pipeline.product.tables import changes, library_classes, roster_students, roster_teachers, rosters
from roster_pipeline.publish.table_mappings import TARGETS
from roster_pipeline.publish.writer import DELETE

OF_CLASS = ("roster_students", "pending_members")
"""The entities with members of a class whom co-teachers share."""
OF_PERSON = {"accounts": "id", "identity_links": "account_id", "org_memberships": "account_id"}
"""The entities whose rows a person needs in any class, with the column of the account."""


def lock_classes(pg: Connection, sync_id: int) -> None:
    """Wait for the updates of the classes that a sync wrote, and keep others from beginning in this transaction."""
    image = sa.func.coalesce(changes.c.after, changes.c.before)
    column = sa.case((changes.c.entity == "rosters", "id"), else_="roster_id")
    written = sa.select(sa.cast(image.op("->>")(column), sa.BigInteger)).where(changes.c.sync_id == sync_id)
    sections = sa.select(rosters.c.clever_id).where(rosters.c.id.in_(written), rosters.c.clever_id.is_not(None))
    lock_keys(pg, [name_section_lock(section) for section in pg.execute(sections).scalars()])


def exclude_shared_rows(pg: Connection, account_id: int) -> list[dict[str, Any]]:
    """Exclude the rows that the undo would end although another teacher has them.

    These are a class that another teacher has too, with its members, and a person who has a place in another class.

    Args:
        account_id: the teacher whose update is undone.

    Returns:
        The entity and the key of each such row.
    """
    teaching = roster_teachers.c
    others = sa.select(teaching.roster_id).where(teaching.ended_at.is_(None), teaching.account_id != account_id)
    sections = sa.select(rosters.c.clever_id).where(rosters.c.id.in_(others), rosters.c.source == "clever")
    rows = [_exclude(pg, "rosters", UNDONE["rosters"].c.clever_id.in_(sections))]
    rows += [_exclude(pg, entity, UNDONE[entity].c.roster_id.in_(others)) for entity in OF_CLASS]
    placed = sa.union(_select_placed("roster_students"), _select_placed("roster_teachers"))
    rows += [_exclude(pg, entity, UNDONE[entity].c[column].in_(placed)) for entity, column in OF_PERSON.items()]
    return [row for of_entity in rows for row in of_entity]


def restore_choices(pg: Connection, account_id: int, correction: int) -> None:
    """Choose the removed classes again that an undo has given back to the teacher. An update would archive them again.

    Args:
        correction: the sync that records the undo, whose rows are written.
    """
    choice, teaching, after = library_classes.c, roster_teachers.c, changes.c.after
    of_teacher = after["account_id"].astext == str(account_id)
    restored_classes = _select_restored(correction, "rosters", "id")
    restored_places = _select_restored(correction, "roster_teachers", "roster_id").where(of_teacher)
    is_restored = rosters.c.id.in_(sa.union(restored_classes, restored_places))
    taught = (
        sa.select(rosters.c.clever_id)
        .join(roster_teachers, teaching.roster_id == rosters.c.id)
        .where(teaching.account_id == account_id, teaching.ended_at.is_(None), rosters.c.archived_at.is_(None))
        .where(is_restored)
    )
    removed = sa.and_(choice.account_id == account_id, choice.removed_at.is_not(None), choice.section_id.in_(taught))
    pg.execute(library_classes.update().where(removed).values(removed_at=None))


def _select_restored(correction: int, entity: str, column: str) -> sa.Select[Any]:
    """Select a column of the rows of an entity that were ended before a correction and live after it."""
    ended = TARGETS[entity].ended or ""
    return sa.select(sa.cast(changes.c.after[column].astext, sa.BigInteger)).where(
        changes.c.sync_id == correction,
        changes.c.entity == entity,
        changes.c.before[ended].astext.is_not(None),
        changes.c.after[ended].astext.is_(None),
    )


def _select_placed(entity: str) -> sa.Select[Any]:
    """Select the accounts that keep a place in a live class from Clever after the undo."""
    member = {"roster_students": roster_students, "roster_teachers": roster_teachers}[entity]
    undone, classes = UNDONE[entity], UNDONE["rosters"]
    is_ending = sa.exists().where(
        undone.c.roster_id == member.c.roster_id, undone.c.account_id == member.c.account_id, _ends(undone, entity)
    )
    ending_classes = sa.select(classes.c.clever_id).where(_ends(classes, "rosters"))
    return (
        sa.select(member.c.account_id)
        .join(rosters, rosters.c.id == member.c.roster_id)
        .where(member.c.ended_at.is_(None), rosters.c.archived_at.is_(None), rosters.c.source == "clever")
        .where(~is_ending, rosters.c.clever_id.not_in(ending_classes))
    )


def _ends(undone: FromClause, entity: str) -> ColumnElement[bool]:
    """Return whether the undo ends or deletes a row."""
    ended = TARGETS[entity].ended
    return undone.c[ended].is_not(None) if ended else undone.c.op == DELETE


def _exclude(pg: Connection, entity: str, is_shared: ColumnElement[bool]) -> list[dict[str, Any]]:
    undone = UNDONE[entity]
    excluded = sa.delete(undone).where(_ends(undone, entity), is_shared).returning(undone.c.key)
    return [{"entity": entity, "key": key} for key in pg.execute(excluded).scalars()]
