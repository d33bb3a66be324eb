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
from roster_pipeline.product.tables import syncs
from roster_pipeline.publish.ledger import begin_correction, finish_correction
from roster_pipeline.publish.targets import TARGETS, Target
from roster_pipeline.publish.writer import Values, run, write_rows

CLAIMS = (
    ("accounts", "email", "email is not null"),
    ("identity_links", "clever_id", "unlinked_at is null"),
    ("identity_links", "account_id", "unlinked_at is null"),
)
"""What only one row may have, and while what holds: a row put back must not take it from whoever has it now."""


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


def undo_sync(pg: Connection, sync_id: int, at: datetime) -> Undone | None:
    """Put back what sync `sync_id` wrote, in the transaction of `pg`; None if that is done already.

    Call with the district's lock held.

    Raises:
        CorrectionRefused: there is no such sync, or it published nothing.
    """
    undone = _undoable(pg, sync_id)
    if undone.state == "undone":
        return None
    correction = begin_correction(pg, undone.organization_id, "undo", at)
    write_as_sync(pg)
    values: Values = {"undone": sync_id, "sync_id": correction, "at": at}
    for target in TARGETS.values():
        _find(pg, target, values)
    skipped = _set_aside(pg)
    counts = write_rows(pg, {name: [f"select * from undone_{name}"] for name in TARGETS}, values)
    finish_correction(pg, correction, {"undoes": sync_id, "changes": counts, "skipped": len(skipped)}, at)
    _mark(pg, undone)
    return Undone(correction, counts, skipped)


def _undoable(pg: Connection, sync_id: int) -> sa.Row[Any]:
    found = pg.execute(sa.select(syncs).where(syncs.c.id == sync_id).with_for_update()).one_or_none()
    if found is None:
        raise CorrectionRefused(f"There is no sync {sync_id}.")
    if found.state not in ("published", "held", "undone"):
        raise CorrectionRefused(f"Sync {sync_id} is {found.state}: it wrote nothing that could be put back.")
    return found


def _mark(pg: Connection, undone: sa.Row[Any]) -> None:
    pg.execute(syncs.update().where(syncs.c.id == undone.id).values(state="undone"))
    if undone.mode == "undo":
        pg.execute(syncs.update().where(syncs.c.id == undone.counts["undoes"]).values(state="published"))


def _find(pg: Connection, target: Target, values: Values) -> None:
    """The rows of one entity as they were, into `undone_X`; `is_moved` where they have been written since."""
    columns = list(target.expressions)
    was = target.written({column: f"was.{column}" for column in columns}, "c.op")
    back = {"insert": "'end'", "delete": "'insert'"} if target.ended else {"insert": "'delete'", "delete": "'insert'"}
    ops = " ".join(f"when '{op}' then {undoing}" for op, undoing in back.items())
    same_row = " and ".join(f"product.{column} = was.{column}" for column in target.key)
    moved = " or ".join(
        f"product.{column} is distinct from became.{column}" for column in (target.changed or target.key)
    )
    run(
        pg,
        f"create temporary table undone_{target.name} on commit drop as "
        f"select {', '.join(f'{value} as {column}' for column, value in was.items())}, c.op, c.key, "
        f"({moved}) as is_moved from (select case op {ops} else 'update' end as op, key, before, after "
        "from roster.changes where sync_id = :undone and entity = :entity) as c "
        f"cross join lateral jsonb_populate_record(null::roster.{target.name}, coalesce(c.before, c.after)) as was "
        f"cross join lateral jsonb_populate_record(null::roster.{target.name}, c.after) as became "
        f"left join roster.{target.name} as product on {same_row}",
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
