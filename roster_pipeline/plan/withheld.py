"""Adjusts the changes that are published so that they fit the changes that are held."""

from __future__ import annotations

import duckdb

from roster_pipeline.model.entities import ACCOUNTS, ROSTER_TEACHERS, SCHOOL_MEMBERSHIPS, Entity
from roster_pipeline.plan.queries import load_plan_query


def adjust_published_changes(con: duckdb.DuckDBPyConnection, *, has_held: bool) -> None:
    """Change or drop the changes in `changes.*` that presuppose a change which is held.

    Args:
        has_held: Whether the plan holds a change.
    """
    _drop_needless_pending_members(con)
    if has_held:
        _withhold_primary_flags(con)
        _withhold_emails(con)


def _drop_needless_pending_members(con: duckdb.DuckDBPyConnection) -> None:
    needless = load_plan_query("needless_pending_members")
    con.execute(f"delete from changes.pending_members where rowid in (select change_id from ({needless}))")


def _withhold_primary_flags(con: duckdb.DuckDBPyConnection) -> None:
    flags = load_plan_query("withheld_primary_flags")
    for entity in (ROSTER_TEACHERS, SCHOOL_MEMBERSHIPS):
        con.execute(
            f"update changes.{entity.name} set is_primary = false "
            f"where rowid in (select change_id from ({flags}) where entity = '{entity.name}')"
        )
        _drop_unchanged(con, entity)


def _withhold_emails(con: duckdb.DuckDBPyConnection) -> None:
    emails = load_plan_query("withheld_emails")
    con.execute(
        f"update changes.accounts set email = withheld.email from ({emails}) as withheld "
        "where accounts.rowid = withheld.change_id"
    )
    _drop_unchanged(con, ACCOUNTS)


def _drop_unchanged(con: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    """Delete the updates that no longer change a value."""
    unchanged = " and ".join(f"{column} is not distinct from was_{column}" for column in entity.content)
    con.execute(f"delete from changes.{entity.name} where op = 'update' and {unchanged}")
