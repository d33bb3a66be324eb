"""The rows that an undo leaves as they are, because they were written since or because another row needs their value.

An undo leaves a person as a whole. If the account, the identity link or the organization membership of a person has
changed since the sync, the undo takes every row of that person out of the temporary tables `undone_X`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause, TableClause

from roster_pipeline.corrections.undone_rows import UNDONE
from roster_pipeline.product.tables import accounts
from roster_pipeline.publish.table_mappings import TARGETS

Rows = Sequence[sa.RowMapping]
Skipped = list[dict[str, Any]]
Condition = Callable[[FromClause], ColumnElement[Any]]
UNIQUE_VALUES: tuple[tuple[str, Condition, Condition], ...] = (
    ("accounts", lambda t: t.c.email, lambda t: t.c.email.is_not(None)),
    ("identity_links", lambda t: t.c.clever_id, lambda t: t.c.unlinked_at.is_(None)),
    ("identity_links", lambda t: t.c.account_id, lambda t: t.c.unlinked_at.is_(None)),
    ("reviews", lambda t: t.c.clever_id + " " + t.c.reason, lambda t: t.c.state == "open"),
)
"""Entity, the value that only one row may have, and the rows for which this holds."""
OWNERS: dict[str, tuple[str | None, str | None]] = {
    "identity_links": ("account_id", "clever_id"),
    "accounts": ("id", None),
    "org_memberships": ("account_id", None),
    "school_memberships": ("account_id", None),
    "roster_teachers": ("account_id", None),
    "roster_students": ("account_id", None),
    "pending_members": (None, "clever_id"),
    "reviews": (None, "clever_id"),
}
"""The columns that say whose row it is: the one of the account and the one of the Clever id."""
DECISIVE = ("accounts", "identity_links", "org_memberships")
"""The entities of which a changed row keeps every row of the person."""
MEMBERSHIPS = ("org_memberships", "school_memberships", "roster_teachers", "roster_students")


def keep_changed_rows(pg: Connection) -> Skipped:
    """Take the rows that the undo must leave out of `undone_X`, and return the entity and key of each."""
    skipped = _keep(pg, TARGETS, lambda undone: undone.c.is_changed)
    skipped += _blank_taken_emails(pg)
    for entity, value, is_unique in UNIQUE_VALUES:
        # Each person who is left as they are may keep a value that another row of the undo needs.
        while rows := _keep(pg, [entity], lambda _: _is_taken(entity, value, is_unique)):  # noqa: B023
            skipped += rows
    return skipped + _keep(pg, MEMBERSHIPS, _is_of_another_organization)


def _blank_taken_emails(pg: Connection) -> Skipped:
    """Put a closed account back without its email where another account has the email now."""
    undone = UNDONE["accounts"]
    closed = sa.select(accounts.c.id).where(accounts.c.archived_at.is_not(None))
    blank = (
        sa.update(undone)
        .values(email=sa.null())
        .where(_is_taken(*UNIQUE_VALUES[0]), undone.c.id.in_(closed))
        .returning(undone.c.key)
    )
    return [{"entity": "accounts", "key": key, "column": "email"} for key in pg.execute(blank).scalars()]


def _is_taken(entity: str, value: Condition, is_unique: Condition) -> ColumnElement[bool]:
    """Return whether a row of the product, which the undo does not write, has the unique value of a row."""
    undone, product = UNDONE[entity], TARGETS[entity].table
    others = sa.select(value(product)).where(
        is_unique(product), product.c.id.not_in(sa.select(undone.c.id).correlate(None))
    )
    return sa.and_(is_unique(undone), value(undone).in_(others))


def _is_of_another_organization(undone: FromClause) -> ColumnElement[bool]:
    """Return whether the account has moved to another organization (docs/rules.md R2.29) and does not move back."""
    links = UNDONE["identity_links"]
    is_writable = sa.func.roster.is_writable_account(
        undone.c.account_id, sa.func.roster.current_organization(type_=sa.BigInteger), type_=sa.Boolean
    )
    moving_back = sa.select(links.c.account_id).where(links.c.unlinked_at.is_(None))
    return sa.and_(undone.c.ended_at.is_(None), ~is_writable, undone.c.account_id.not_in(moving_back))


def _keep(pg: Connection, entities: Iterable[str], is_kept: Condition) -> Skipped:
    """Take rows out of `undone_X`, and with a decisive row every other row of its person."""
    rows = {
        name: pg.execute(sa.delete(UNDONE[name]).where(is_kept(UNDONE[name])).returning(*UNDONE[name].c))
        .mappings()
        .all()
        for name in entities
    }
    skipped = _keys_of(rows)
    account_ids, clever_ids = _owners_of({name: rows[name] for name in rows if name in DECISIVE})
    while account_ids or clever_ids:
        rows = {name: _take_rows_of(pg, name, account_ids, clever_ids) for name in OWNERS}
        skipped += _keys_of(rows)
        account_ids, clever_ids = _owners_of({"identity_links": rows["identity_links"]})
    return skipped


def _keys_of(rows: Mapping[str, Rows]) -> Skipped:
    return [{"entity": name, "key": row["key"]} for name, of_entity in rows.items() for row in of_entity]


def _owners_of(rows: Mapping[str, Rows]) -> tuple[set[int], set[str]]:
    """Return the accounts and the Clever ids of rows."""
    account_ids, clever_ids = set(), set()
    for name, of_entity in rows.items():
        account, clever_id = OWNERS[name]
        account_ids |= {row[account] for row in of_entity if account}
        clever_ids |= {row[clever_id] for row in of_entity if clever_id}
    return account_ids, clever_ids


def _take_rows_of(pg: Connection, name: str, account_ids: set[int], clever_ids: set[str]) -> Rows:
    """Take the rows of people out of `undone_X`."""
    undone = UNDONE[name]
    account, clever_id = OWNERS[name]
    conditions = [undone.c[account].in_(account_ids)] if account else []
    conditions += [undone.c[clever_id].in_(clever_ids)] if clever_id else []
    return _take(pg, undone, sa.or_(*conditions))


def _take(pg: Connection, undone: TableClause, which: ColumnElement[bool]) -> Rows:
    return pg.execute(sa.delete(undone).where(which).returning(*undone.c)).mappings().all()
