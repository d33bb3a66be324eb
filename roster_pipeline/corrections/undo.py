"""Puts back what a sync wrote, from its journal. An undo is a sync of its own, and can be undone.

A row that was there before is again as it was; a row that the sync made ends, dated, and nothing is deleted. A row that
was written since keeps what it has and is listed; somebody whose account or link has, stays as they are altogether, so
that nobody is left between two accounts (docs/rules.md R5.19).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.model.entities import recorded_names
from roster_pipeline.product.database import write_as_sync
from roster_pipeline.product.tables import schools, syncs
from roster_pipeline.publish.refusals import keep_from_syncing
from roster_pipeline.publish.table_mappings import TARGETS, Target
from roster_pipeline.publish.writer import Values, run, write_rows
from roster_pipeline.syncs.lifecycle import begin_correction, finish_correction

CLAIMS = (
    ("accounts", "email", "email is not null"),
    ("identity_links", "clever_id", "unlinked_at is null"),
    ("identity_links", "account_id", "unlinked_at is null"),
    ("reviews", "clever_id || ' ' || reason", "state = 'open'"),
)
"""What only one row may have, and while what holds: a row put back must not take it from whoever has it now."""
PEOPLE = {
    "identity_links": ("account_id", "clever_id"),
    "accounts": ("id", None),
    "org_memberships": ("account_id", None),
    "school_memberships": ("account_id", None),
    "roster_teachers": ("account_id", None),
    "roster_students": ("account_id", None),
    "pending_members": (None, "clever_id"),
    "reviews": (None, "clever_id"),
}
"""Whose a row is: its columns for the account and for the Clever id."""
WHOLE = ("accounts", "identity_links", "org_memberships")
"""A change of one of these keeps everything of the person as it is."""
MEMBERS = ("org_memberships", "school_memberships", "roster_teachers", "roster_students")
OF_ANOTHER = (
    "ended_at is null and not roster.is_writable_account(account_id, roster.current_organization()) "
    "and account_id not in (select account_id from undone_identity_links where unlinked_at is null)"
)
"""Whether the account of a membership has moved to another organization (R2.29), and is not moved back."""
Rows = Sequence[sa.RowMapping]
WRITTEN_LATER = """
    exists (select from roster.changes as later join roster.syncs as wrote on wrote.id = later.sync_id
        where later.sync_id > :undone and later.entity = any(:names) and later.key = c.key
            and wrote.mode <> 'undo' and wrote.state <> 'undone')
"""
IN_USE_ELSEWHERE = """
    c.op = 'end' and (
        exists (select from roster.identity_links as l where l.account_id = was.id and l.unlinked_at is null
            and l.organization_id <> :organization_id)
        or exists (select from roster.org_memberships as m where m.account_id = was.id and m.ended_at is null
            and m.organization_id <> :organization_id))
"""
_CLASS = "(select id from roster.rosters where school_id = :school)"
_PERSON = """(
    select account_id from roster.school_memberships where school_id = :school
    except
    select m.account_id from roster.school_memberships as m join roster.schools as other on other.id = m.school_id
    where m.school_id <> :school and m.ended_at is null and other.organization_id = :organization_id
)"""
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
    "pending_members": _OF_CLASS,
    "reviews": f"was.clever_id in (select clever_id from roster.identity_links where account_id in {_PERSON})",
}
"""Which rows of the journal (as they were, or as they became) are of one school. People of another one too stay."""


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
            members, and the people who belong or belonged to no other.

    Raises:
        CorrectionRefused: there is no such sync or school, or the sync published nothing.
    """
    undone = _undoable(pg, sync_id)
    if undone.state == "undone" or (school and _is_school_undone(pg, undone, school)):
        return None
    correction = begin_correction(pg, undone.organization_id, "undo", at)
    write_as_sync(pg, undone.organization_id)
    values: Values = {"undone": sync_id, "sync_id": correction, "organization_id": undone.organization_id, "at": at}
    if school:
        values["school"] = _school_of(pg, undone, school)
    others = undone.counts.get("from_organizations", [])
    keep_from_syncing(pg, others)
    for target in TARGETS.values():
        _find(pg, target, values, _moved(target, undone.mode))
    if school:
        _keep_primary(pg, values)
    skipped = _set_aside(pg)
    _name_ex_admins(pg, sync_id)
    rows = {name: [f"select * from undone_{name}"] for name in TARGETS}
    counts = write_rows(pg, rows, values, as_owner=bool(others))
    said = {"undoes": sync_id, "school": school, "changes": counts, "skipped": len(skipped)}
    said |= {"from_organizations": others} if others else {}
    finish_correction(pg, correction, said, at)
    if not school:
        _mark(pg, undone)
    return Undone(correction, counts, skipped)


def _undoable(pg: Connection, sync_id: int) -> sa.Row[Any]:
    found = pg.execute(sa.select(syncs).where(syncs.c.id == sync_id).with_for_update(key_share=True)).one_or_none()
    if found is None:
        raise CorrectionRefused(f"There is no sync {sync_id}.")
    if found.state not in ("published", "held", "undone"):
        raise CorrectionRefused(f"Sync {sync_id} is {found.state}: it wrote nothing that could be put back.")
    return found


def _school_of(pg: Connection, undone: sa.Row[Any], school: str) -> int:
    if undone.mode in ("resolve", "undo"):
        raise CorrectionRefused(f"Sync {undone.id} is a decision or an undo, which is put back as a whole.")
    found = pg.execute(
        sa.select(schools.c.id).where(
            schools.c.organization_id == undone.organization_id, schools.c.clever_id == school
        )
    ).scalar()
    if found is None:
        raise CorrectionRefused(f"The district of this sync has no school {school}.")
    return int(found)


def _is_school_undone(pg: Connection, undone: sa.Row[Any], school: str) -> bool:
    """Whether an undo of this one school stands, which nobody has taken back."""
    counts = syncs.c.counts
    stands = sa.select(syncs.c.id).where(
        syncs.c.organization_id == undone.organization_id,
        syncs.c.mode == "undo",
        syncs.c.state == "published",
        counts["undoes"].astext == str(undone.id),
        counts["school"].astext == school,
    )
    return pg.execute(stands.limit(1)).first() is not None


def _keep_primary(pg: Connection, values: Values) -> None:
    """Whoever is primary in a school that is not put back stays so: nobody has two."""
    run(
        pg,
        "update undone_school_memberships as mine set is_primary = false where is_primary and op <> 'end' and exists ("
        "select from roster.school_memberships as other where other.account_id = mine.account_id "
        "and other.school_id <> :school and other.is_primary and other.ended_at is null)",
        values,
    )


def _name_ex_admins(pg: Connection, undone: int) -> None:
    """Tell the database who had been an admin before they came back as none: it ends their rows as they were."""
    pg.execute(
        sa.text(
            "select set_config('roster.ex_admins', coalesce(string_agg(before ->> 'account_id', ' '), ''), true) "
            "from roster.changes where sync_id = :undone and entity = 'org_memberships' "
            "and (before ->> 'is_admin')::boolean and not (after ->> 'is_admin')::boolean"
        ),
        {"undone": undone},
    )


def _mark(pg: Connection, sync: sa.Row[Any], *, is_undone: bool = True) -> None:
    """What an undo undid counts again once that undo is undone, and so on along the chain."""
    state = "undone" if is_undone else "held" if sync.counts.get("held") else "published"
    pg.execute(syncs.update().where(syncs.c.id == sync.id).values(state=state))
    if sync.mode == "undo" and not sync.counts.get("school"):
        before = pg.execute(sa.select(syncs).where(syncs.c.id == sync.counts["undoes"])).one()
        _mark(pg, before, is_undone=not is_undone)


def _moved(target: Target, mode: str) -> str:
    """Whether a row has been written since, as SQL."""
    if target.name == "accounts" and mode == "resolve":
        # The next nights write name and email of whoever was decided upon; the decision can be reversed all the same.
        return f"product.role is distinct from became.role or {IN_USE_ELSEWHERE}"
    unlike = [f"product.{column} is distinct from became.{column}" for column in (target.changed or target.key)]
    own = {"accounts": [IN_USE_ELSEWHERE], "org_memberships": ["product.is_admin is distinct from became.is_admin"]}
    return " or ".join([*unlike, *own.get(target.name, []), WRITTEN_LATER])


def _find(pg: Connection, target: Target, values: Values, moved: str) -> None:
    """The rows of one entity as they were, into `undone_X`; `is_moved` where they have been written since.

    A row that is as it was already is not among them.
    """
    columns = list(target.expressions)
    was = target.written({column: f"was.{column}" for column in columns}, "c.op")
    back = {"insert": "'end'", "delete": "'insert'"} if target.ended else {"insert": "'delete'", "delete": "'insert'"}
    ops = " ".join(f"when '{op}' then {undoing}" for op, undoing in back.items())
    same_row = " and ".join(f"product.{column} = was.{column}" for column in target.key)
    is_back = " and ".join(f"product.{column} is not distinct from was.{column}" for column in target.changed)
    is_over = f"case c.op when 'end' then product.{target.ended} is not null else {is_back} end"
    of_school = SCHOOL_ROWS[target.name] if "school" in values else "true"
    run(
        pg,
        f"create temporary table undone_{target.name} on commit drop as "
        f"select {', '.join(f'{value} as {column}' for column, value in was.items())}, c.op, c.key, "
        f"({moved}) as is_moved from (select case op {ops} else 'update' end as op, key, before, after "
        "from roster.changes where sync_id = :undone and entity = any(:names)) as c "
        f"cross join lateral jsonb_populate_record(null::roster.{target.name}, coalesce(c.before, c.after)) as was "
        f"cross join lateral jsonb_populate_record(null::roster.{target.name}, c.after) as became "
        f"left join roster.{target.name} as product on {same_row} "
        f"where {f'not coalesce({is_over}, false)' if target.ended else 'true'} and ({of_school})",
        {**values, "names": recorded_names(target.name)},
    )


def _set_aside(pg: Connection) -> list[dict[str, Any]]:
    """Take out of `undone_X` what was written since, and what would take an address or a link from somebody."""
    skipped = _keep_people(pg, "is_moved")
    # A closed account comes back without an address that is somebody's by now.
    blanked = pg.execute(
        sa.text(
            f"update undone_accounts set email = null where {_taken(*CLAIMS[0])} "
            "and id in (select id from roster.accounts where archived_at is not null) returning key"
        )
    ).scalars()
    skipped += [{"entity": "accounts", "key": key, "column": "email"} for key in blanked]
    for name, column, while_ in CLAIMS:
        while found := _keep_people(pg, _taken(name, column, while_), (name,)):
            skipped += found
    return skipped + _keep_people(pg, OF_ANOTHER, MEMBERS)


def _taken(name: str, column: str, while_: str) -> str:
    """Whether somebody has by now what only one may have."""
    return (
        f"{while_} and {column} in (select {column} from roster.{name} where {while_} "
        f"and id not in (select id from undone_{name}))"
    )


def _keep_people(pg: Connection, which: str, names: tuple[str, ...] = tuple(TARGETS)) -> list[dict[str, Any]]:
    """Take rows out of `undone_X`; with an account or a link, whatever else is of those people."""
    taken = {
        name: pg.execute(sa.text(f"delete from undone_{name} where {which} returning *")).mappings().all()
        for name in names
    }
    accounts, clever_ids = _owners({name: rows for name, rows in taken.items() if name in WHOLE})
    skipped = [{"entity": name, "key": row["key"]} for name, rows in taken.items() for row in rows]
    while accounts or clever_ids:
        found = {name: _take_out_of(pg, name, accounts, clever_ids) for name in PEOPLE}
        skipped += [{"entity": name, "key": row["key"]} for name, rows in found.items() for row in rows]
        accounts, clever_ids = _owners({"identity_links": found["identity_links"]})
    return skipped


def _owners(taken: Mapping[str, Rows]) -> tuple[set[int], set[str]]:
    """Accounts and Clever ids of rows."""
    accounts, clever_ids = set(), set()
    for name, rows in taken.items():
        account, clever_id = PEOPLE[name]
        accounts |= {row[account] for row in rows if account}
        clever_ids |= {row[clever_id] for row in rows if clever_id}
    return accounts, clever_ids


def _take_out_of(pg: Connection, name: str, accounts: set[int], clever_ids: set[str]) -> Rows:
    account, clever_id = PEOPLE[name]
    whose = [f"{account} = any(:accounts)"] * bool(account) + [f"{clever_id} = any(:clever_ids)"] * bool(clever_id)
    clause = sa.text(f"delete from undone_{name} where {' or '.join(whose)} returning *")
    values = {"accounts": list(accounts), "clever_ids": list(clever_ids)}
    return pg.execute(clause, {key: values[key] for key in clause.compile().params}).mappings().all()
