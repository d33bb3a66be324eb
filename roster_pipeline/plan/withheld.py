"""Adjusts the changes that will be published, so that they do not depend on changes that are held."""

from __future__ import annotations

import duckdb

from roster_pipeline.model.entities import ACCOUNTS, ROSTER_TEACHERS, SCHOOL_MEMBERSHIPS, Entity
from roster_pipeline.plan.queries import load_plan_query


def adjust_published_changes(con: duckdb.DuckDBPyConnection, *, has_held: bool) -> None:
    """Adjust or delete the changes in `changes.*` that cannot be published without a held change.

    Args:
        has_held: Whether any change is held. If none is, only needless pending members are deleted.
    """
    _drop_needless_pending_members(con)
    if has_held:
        _withhold_primary_flags(con)
        _withhold_emails(con)


def _drop_needless_pending_members(con: duckdb.DuckDBPyConnection) -> None:
    """Delete the new pending members who are still members of the class, for example because their removal is held."""
    needless = load_plan_query("needless_pending_members")
    con.execute(f"delete from changes.pending_members where rowid in (select change_id from ({needless}))")


def _withhold_primary_flags(con: duckdb.DuckDBPyConnection) -> None:
    """Do not set `is_primary` where the removal of the present primary teacher or school is held."""
    flags = load_plan_query("withheld_primary_flags")
    for entity in (ROSTER_TEACHERS, SCHOOL_MEMBERSHIPS):
        con.execute(
            f"update changes.{entity.name} set is_primary = false "
            f"where rowid in (select change_id from ({flags}) where entity = '{entity.name}')"
        )
        _drop_unchanged(con, entity)


def _withhold_emails(con: duckdb.DuckDBPyConnection) -> None:
    """Do not assign an email that another account keeps because the change of that account is held."""
    emails = load_plan_query("withheld_emails")
    con.execute(
        f"update changes.accounts set email = withheld.email from ({emails}) as withheld "
        "where accounts.rowid = withheld.change_id"
    )
    _drop_unchanged(con, ACCOUNTS)


def _drop_unchanged(con: duckdb.DuckDBPyConnection, entity: Entity) -> None:
    """Delete the updates that change no value any more."""
    unchanged = " and ".join(f"{column} is not distinct from was_{column}" for column in entity.content)
    con.execute(f"delete from changes.{entity.name} where op = 'update' and {unchanged}")
