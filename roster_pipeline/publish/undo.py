"""Puts back what a sync wrote, from its journal. An undo is a sync of its own, and can be undone.

A row that was there before is again as it was; a row that the sync made ends, dated, and nothing is deleted. A row that
was written since keeps what it has and is listed (rule book, *Safety*; design, rule 6 *Undo is exact*).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.tables import schools, syncs
from roster_pipeline.publish.ledger import begin_correction, finish_correction
from roster_pipeline.publish.targets import TARGETS, Target
from roster_pipeline.publish.writer import Values, run, write_rows

CLAIMS = (
    ("accounts", "email", "email is not null"),
    ("identity_links", "clever_id", "unlinked_at is null"),
    ("identity_links", "account_id", "unlinked_at is null"),
)
"""What only one row may have, and while what holds: a row put back must not take it from whoever has it now."""


_CLASS = "(select id from roster.rosters where school_id = :school)"
_PERSON = "(select account_id from roster.school_memberships where school_id = :school)"
_OF_CLASS = f"was.roster_id in {_CLASS} or became.roster_id in {_CLASS}"
SCHOOL_ROWS = {
    "schools": "was.id = :school",
    "accounts": f"was.id in {_PERSON}",
    "identity_links": f"was.account_id in {_PERSON}",
    "org_memberships": f"was.account_id in {_PERSON}",
    "school_memberships": "was.school_id = :school",
    "rosters": "was.school_id = :school or became.school_id = :school",
    "roster_teachers": _OF_CLASS,
    "roster_students": _OF_CLASS,
    "parked_members": _OF_CLASS,
    "reviews": f"was.clever_id in (select clever_id from roster.identity_links where account_id in {_PERSON})",
}
"""Which rows of the journal (as they were, or as they became) are of one school."""


@dataclass(frozen=True)
class Undone:
    """What came of an undo.

    Attributes:
        sync_id: the undo's own.
        counts: rows put back, by entity and op.
        skipped: rows that were written since: entity and key.
    """

    sync_id: int
    counts: dict[str, dict[str, int]]
    skipped: list[dict[str, Any]] = field(default_factory=list)


def undo_sync(pg: Connection, sync_id: int, at: datetime, *, school: str | None = None) -> Undone | None:
    """Put back what sync `sync_id` wrote, in the transaction of `pg`; None if that is done already.

    Call with the district's lock held.

    Args:
        school: Clever's id of the one school whose rows are put back: itself, its memberships and classes with their
            members, and the people who belong or belonged to it.

    Raises:
        CorrectionRefused: there is no such sync or school, or the sync published nothing.
    """
    undone = _undoable(pg, sync_id)
    if undone.state == "undone":
        return None
    correction = begin_correction(pg, undone.organization_id, "undo", at)
    write_as_sync(pg)
    values: Values = {"undone": sync_id, "sync_id": correction, "at": at}
    if school:
        values["school"] = _school_of(pg, undone.organization_id, school)
    for target in TARGETS.values():
        _find(pg, target, values)
    skipped = _set_aside(pg)
    counts = write_rows(pg, {name: [f"select * from undone_{name}"] for name in TARGETS}, values)
    said = {"undoes": sync_id, "school": school, "changes": counts, "skipped": len(skipped)}
    finish_correction(pg, correction, said, at)
    if not school:
        _mark(pg, undone)
    return Undone(correction, counts, skipped)


def _undoable(pg: Connection, sync_id: int) -> sa.Row[Any]:
    found = pg.execute(sa.select(syncs).where(syncs.c.id == sync_id).with_for_update()).one_or_none()
    if found is None:
        raise CorrectionRefused(f"There is no sync {sync_id}.")
    if found.state not in ("published", "held", "undone"):
        raise CorrectionRefused(f"Sync {sync_id} is {found.state}: it wrote nothing that could be put back.")
    return found


def _school_of(pg: Connection, organization_id: int, school: str) -> int:
    found = pg.execute(
        sa.select(schools.c.id).where(schools.c.organization_id == organization_id, schools.c.clever_id == school)
    ).scalar()
    if found is None:
        raise CorrectionRefused(f"The district of this sync has no school {school}.")
    return int(found)


def _mark(pg: Connection, undone: sa.Row[Any]) -> None:
    pg.execute(syncs.update().where(syncs.c.id == undone.id).values(state="undone"))
    if undone.mode == "undo" and not undone.counts.get("school"):
        pg.execute(syncs.update().where(syncs.c.id == undone.counts["undoes"]).values(state="published"))


def _find(pg: Connection, target: Target, values: Values) -> None:
    """The rows of one entity as they were, into `undone_X`; `is_moved` where they have been written since.

    A row that is as it was already is not among them.
    """
    columns = list(target.expressions)
    was = target.written({column: f"was.{column}" for column in columns}, "c.op")
    back = {"insert": "'end'", "delete": "'insert'"} if target.ended else {"insert": "'delete'", "delete": "'insert'"}
    ops = " ".join(f"when '{op}' then {undoing}" for op, undoing in back.items())
    same_row = " and ".join(f"product.{column} = was.{column}" for column in target.key)
    moved = " or ".join(
        f"product.{column} is distinct from became.{column}" for column in (target.changed or target.key)
    )
    is_back = " and ".join(f"product.{column} is not distinct from was.{column}" for column in target.changed)
    is_over = f"case c.op when 'end' then product.{target.ended} is not null else {is_back} end"
    of_school = SCHOOL_ROWS[target.name] if "school" in values else "true"
    run(
        pg,
        f"create temporary table undone_{target.name} on commit drop as "
        f"select {', '.join(f'{value} as {column}' for column, value in was.items())}, c.op, c.key, "
        f"({moved}) as is_moved from (select case op {ops} else 'update' end as op, key, before, after "
        "from roster.changes where sync_id = :undone and entity = :entity) as c "
        f"cross join lateral jsonb_populate_record(null::roster.{target.name}, coalesce(c.before, c.after)) as was "
        f"cross join lateral jsonb_populate_record(null::roster.{target.name}, c.after) as became "
        f"left join roster.{target.name} as product on {same_row} "
        f"where {f'not coalesce({is_over}, false)' if target.ended else 'true'} and ({of_school})",
        {**values, "entity": target.name},
    )


def _set_aside(pg: Connection) -> list[dict[str, Any]]:
    """Take out of `undone_X` what was written since, and what would take an address or a link from somebody."""
    skipped = _take_out(pg, "is_moved")
    for name, column, while_ in CLAIMS:
        taken = (
            f"{while_} and {column} in (select {column} from roster.{name} where {while_} "
            f"and id not in (select id from undone_{name}))"
        )
        while found := _take_out(pg, taken, [name]):
            skipped += found
    return skipped


def _take_out(pg: Connection, which: str, names: Iterable[str] = tuple(TARGETS)) -> list[dict[str, Any]]:
    return [
        {"entity": name, "key": key}
        for name in names
        for (key,) in pg.execute(sa.text(f"delete from undone_{name} where {which} returning key"))
    ]
