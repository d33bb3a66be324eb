"""Read the audit trail as far as a visitor may see it: an admin's district or schools, a teacher's own acts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.messages import LocalCatalogue, product
from roster_pipeline.product.tables import accounts, rosters, schools, web_audit
from roster_pipeline.web.account_names import NAMELESS, select_name

PAGE_ROWS = 50
ACT_WORDS = {
    "update_district": product.mark("pressed Update Roster for the district"),
    "update_school": product.mark("pressed Update Roster for a school"),
    "update_class": product.mark("pressed Update Roster for a class"),
    "update_library": product.mark("pressed Update Class Rosters"),
    "choose_classes": product.mark("added or removed classes"),
    "claim_account": product.mark("said that an earlier account is theirs"),
    "keep_new_account": product.mark("kept the new account"),
    "hide_class": product.mark("hid a class"),
    "show_class": product.mark("showed a class again"),
    "verify_teacher": product.mark("verified a teacher"),
    "unverify_teacher": product.mark("took back the verification of a teacher"),
    "decide_hold": product.mark("decided about a plan on hold"),
    "open_names": product.mark("opened the names of a plan on hold"),
    "resolve_review": product.mark("decided about an account"),
    "undo_sync": product.mark("took an update back"),
    "manage_admins": product.mark("changed the admins"),
    "make_class": product.mark("made a class"),
    "rename_class": product.mark("renamed a class"),
    "delete_class": product.mark("deleted a class"),
    "restore_class": product.mark("took back the deletion of a class"),
    "add_students": product.mark("added students to a class"),
    "remove_student": product.mark("removed a student from a class"),
    "identify_person": product.mark("looked up who a person in the analysts' database is"),
    "export_person": product.mark("saved everything that is kept about a person"),
    "end_sessions": product.mark("logged everybody out"),
    "open_fix_list": product.mark("opened the fix list"),
    "request_preview": product.mark("asked for a new fix list"),
    "mark_different": product.mark("said that two people are different"),
    "object_to_account": product.mark("said that the account is not theirs"),
    "export_list": product.mark("saved a list as a file"),
    "extend": product.mark("stayed logged in"),
    "log_out": product.mark("logged out"),
    "switch": product.mark("switched the role"),
    "language": product.mark("chose a language"),
}
"""The acts in words. Another act is shown as a change."""
OTHER_ACT = product.mark("changed something")
TARGETS = {"account": accounts, "class": rosters, "school": schools}


@dataclass(frozen=True)
class AuditLine:
    """One row of the audit trail.

    Attributes:
        who: the name of the person, or an empty text for our own team.
        on_whom: the name of the account, class or school, if the visitor sees it.
        path: the screen on which the act can be taken back, or an empty text.
    """

    id: int
    at: datetime
    who: str
    what: str
    on_whom: str
    path: str


def list_lines(
    pg: Connection, words: LocalCatalogue, *, own_account: int | None, act: str = "", before: int | None = None
) -> list[AuditLine]:
    """Return the newest rows that the transaction sees, one more than a page has.

    Args:
        own_account: show the acts of this account alone.
        act: show this act alone.
        before: show rows that are older than the row with this id.
    """
    columns = web_audit.c
    who = select_name(shows_email=True)
    target = (columns.target_kind, columns.target_id)
    actor = (columns.account_id, who.label("who"), accounts.c.id.label("visible_actor"))
    shown = sa.select(columns.id, columns.at, columns.act, *target, *actor)
    query = shown.select_from(web_audit.outerjoin(accounts, accounts.c.id == columns.account_id))
    if own_account is not None:
        query = query.where(columns.account_id == own_account)
    if act:
        query = query.where(columns.act == act)
    if before is not None:
        query = query.where(columns.id < before)
    rows = pg.execute(query.order_by(columns.id.desc()).limit(PAGE_ROWS + 1)).all()
    names = {kind: _read_names(pg, words, kind, rows) for kind in TARGETS}
    return [
        AuditLine(
            row.id,
            row.at,
            "" if row.account_id is None else row.who or _name_actor(row, words),
            words.text(ACT_WORDS.get(row.act, OTHER_ACT)),
            names.get(row.target_kind, {}).get(row.target_id, ""),
            _path_of(row),
        )
        for row in rows
    ]


def _name_actor(row: sa.Row[Any], words: LocalCatalogue) -> str:
    """Return what stands for an actor without a name. The admin of another school is not visible to this reader."""
    if row.visible_actor is None:
        return words.text("Another admin")
    return words.text(NAMELESS, number=row.account_id)


def _path_of(row: sa.Row[tuple[object, ...]]) -> str:
    """Return where an act can be taken back: a hidden class is shown on its screen."""
    return f"/clever/classes/{row.target_id}" if row.act == "hide_class" and row.target_kind == "class" else ""


def _read_names(pg: Connection, words: LocalCatalogue, kind: str, rows: Sequence[sa.Row[Any]]) -> Mapping[str, str]:
    """Return the names of the things of one kind, of those that the transaction sees."""
    table = TARGETS[kind]
    ids = [int(row.target_id) for row in rows if row.target_kind == kind and (row.target_id or "").isdigit()]
    if not ids:
        return {}
    name = table.c.name if kind != "account" else select_name(shows_email=True)
    found = pg.execute(sa.select(table.c.id, name).where(table.c.id.in_(ids)))
    if kind != "account":
        return {str(row[0]): row[1] for row in found}
    return {str(row[0]): row[1] or words.text(NAMELESS, number=row[0]) for row in found}
