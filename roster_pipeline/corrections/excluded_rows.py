"""Excludes rows from an undo: rows that were written since the sync, and rows whose unique value is taken now.

The temporary tables `undone_<entity>` hold the rows that the undo will write. To exclude a row is to delete it from its
table. If the account, the identity link or the organization membership of a person is excluded, so is every other row
of that person.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection, FromClause

from roster_pipeline.corrections.membership_rows import MEMBERSHIPS
from roster_pipeline.corrections.undone_rows import UNDONE
from roster_pipeline.product.tables import accounts, identity_links
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
"""Each unique value of the product: the entity, the value, and the condition under which it must be unique."""
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
"""For each entity with rows about a person, the columns with the account id and with the Clever id of the person."""
DECISIVE = ("accounts", "identity_links", "org_memberships")
"""The entities of which one excluded row excludes every row of its person."""
ONE_PRIMARY = {"school_memberships": "account_id", "roster_teachers": "roster_id"}
"""For each entity with primary rows, the column of what has at most one of them."""


def exclude_unrestorable_rows(pg: Connection) -> Skipped:
    """Exclude the rows that the undo must leave unchanged, and clear the emails that are taken now.

    Returns:
        The entity and the key of each such row.
    """
    skipped = _exclude(pg, TARGETS, lambda undone: undone.c.is_excluded)
    skipped += _exclude(pg, MEMBERSHIPS, _is_of_another_organization)
    # An excluded row keeps its present values, which another row to restore may need. An exclusion can also remove rows
    # of other entities. Only a round that finds nothing is the last one.
    while rows := _clear_taken_emails(pg) + _exclude_taken_values(pg):
        skipped += rows
    return skipped


def clear_second_primaries(pg: Connection) -> None:
    """Restore a row as not primary if another row is primary now that the undo leaves unchanged.

    A person has one primary school, and a class has one primary teacher.
    """
    for entity, owner in ONE_PRIMARY.items():
        target, undone = TARGETS[entity], UNDONE[entity]
        other, restored = target.table.alias("other"), undone.alias("restored")
        is_restored = sa.exists().where(*(restored.c[column] == other.c[column] for column in target.key))
        has_primary = sa.exists().where(
            other.c[owner] == undone.c[owner], other.c.is_primary, other.c.ended_at.is_(None), ~is_restored
        )
        second = sa.and_(undone.c.is_primary, undone.c.ended_at.is_(None), has_primary)
        pg.execute(sa.update(undone).values(is_primary=False).where(second))


def _exclude_taken_values(pg: Connection) -> Skipped:
    """Exclude the rows whose unique value belongs to another row now, one value after the other."""
    skipped: Skipped = []
    for entity, value, is_unique in UNIQUE_VALUES:
        skipped += _exclude(pg, [entity], lambda _: _is_taken(entity, value, is_unique))  # noqa: B023
    return skipped


def _clear_taken_emails(pg: Connection) -> Skipped:
    """Clear the email of each closed account in `undone_accounts` if another account has the email now.

    The undo restores such an account without an email, instead of excluding it.
    """
    undone = UNDONE["accounts"]
    closed = sa.select(accounts.c.id).where(accounts.c.archived_at.is_not(None))
    clear = (
        sa.update(undone)
        .values(email=sa.null())
        .where(_is_taken(*UNIQUE_VALUES[0]), undone.c.id.in_(closed))
        .returning(undone.c.key)
    )
    return [{"entity": "accounts", "key": key, "column": "email"} for key in pg.execute(clear).scalars()]


def _is_taken(entity: str, value: Condition, is_unique: Condition) -> ColumnElement[bool]:
    """Return whether the unique value of a row to restore belongs to another row now.

    Rows that the undo writes itself do not count.
    """
    undone, product = UNDONE[entity], TARGETS[entity].table
    others = sa.select(value(product)).where(
        is_unique(product), product.c.id.not_in(sa.select(undone.c.id).correlate(None))
    )
    return sa.and_(is_unique(undone), value(undone).in_(others))


def _is_of_another_organization(undone: FromClause) -> ColumnElement[bool]:
    """Return whether the account now belongs to another organization (docs/rules.md R2.29) and stays there."""
    links = UNDONE["identity_links"]
    is_writable = sa.func.roster.is_writable_account(
        undone.c.account_id, sa.func.roster.current_organization(type_=sa.BigInteger), type_=sa.Boolean
    )
    moving_back = sa.select(links.c.account_id).where(links.c.unlinked_at.is_(None))
    return sa.and_(undone.c.ended_at.is_(None), ~is_writable, undone.c.account_id.not_in(moving_back))


def _exclude(pg: Connection, entities: Iterable[str], is_excluded: Condition) -> Skipped:
    """Exclude the rows of some entities that meet a condition. A decisive row excludes every row of its person.

    Returns:
        The entity and the key of each excluded row.
    """
    rows = {
        name: pg.execute(sa.delete(UNDONE[name]).where(is_excluded(UNDONE[name])).returning(*UNDONE[name].c))
        .mappings()
        .all()
        for name in entities
    }
    skipped = _keys_of(rows)
    account_ids, clever_ids = _owners_of({name: rows[name] for name in rows if name in DECISIVE})
    clever_ids |= _read_clever_ids(pg, account_ids)
    while account_ids or clever_ids:
        rows = {name: _exclude_rows_of_people(pg, name, account_ids, clever_ids) for name in OWNERS}
        skipped += _keys_of(rows)
        account_ids, clever_ids = _owners_of({"identity_links": rows["identity_links"]})
    return skipped


def _keys_of(rows: Mapping[str, Rows]) -> Skipped:
    return [{"entity": name, "key": row["key"]} for name, of_entity in rows.items() for row in of_entity]


def _owners_of(rows: Mapping[str, Rows]) -> tuple[set[int], set[str]]:
    """Return the account ids and the Clever ids of the people to whom rows belong."""
    account_ids, clever_ids = set(), set()
    for name, of_entity in rows.items():
        account, clever_id = OWNERS[name]
        account_ids |= {row[account] for row in of_entity if account}
        clever_ids |= {row[clever_id] for row in of_entity if clever_id}
    return account_ids, clever_ids


def _read_clever_ids(pg: Connection, account_ids: set[int]) -> set[str]:
    """Return the Clever ids that are linked to accounts. The undo does not restore a link older than its sync."""
    links = identity_links.c
    is_live = sa.and_(links.account_id.in_(account_ids), links.unlinked_at.is_(None))
    return set(pg.execute(sa.select(links.clever_id).where(is_live)).scalars())


def _exclude_rows_of_people(pg: Connection, name: str, account_ids: set[int], clever_ids: set[str]) -> Rows:
    """Exclude the rows of one entity that belong to people. Return the rows."""
    undone = UNDONE[name]
    account, clever_id = OWNERS[name]
    conditions = [undone.c[account].in_(account_ids)] if account else []
    conditions += [undone.c[clever_id].in_(clever_ids)] if clever_id else []
    return pg.execute(sa.delete(undone).where(sa.or_(*conditions)).returning(*undone.c)).mappings().all()
