"""Loads what the product has of one district into schema `current` of the district's DuckDB file.

The rows are those of the organization, the accounts linked to its people, and the accounts that carry an address of the
feed or nearly one. In a delta sync they are the rows of the affected set. The table of all accounts is never copied.
"""

from __future__ import annotations

import duckdb
import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.current.tables import CURRENT_TABLES, FOLDER, FOREIGN_IDS
from roster_pipeline.model.queries import load_query
from roster_pipeline.model.whole_queries import load_whole_query
from roster_pipeline.product.transfer import copy_to_duckdb, copy_to_postgres, select_into

AFFECTED_TABLES = ("people", "sections", "schools", "terms", "courses")
"""The tables of schema `affected` whose ids PostgreSQL needs."""
DELTA_PAGE_COST = 1.1
"""`random_page_cost` of a delta sync, for pages that are in memory or on a disk without a head."""

FEED = "(from staging.stg_teachers union all by name from staging.stg_students) where email is not null"
DISCONNECTED = "select exists (select from roster.organizations where state = 'disconnected' or tier = 'library')"

CURRENT_ROWS = {
    "accounts": "identity_links where organization_id = :organization_id and unlinked_at is null",
    "org_memberships": "org_memberships where organization_id = :organization_id and ended_at is null",
    "rosters": "rosters where organization_id = :organization_id and source = 'clever' and archived_at is null",
}
"""By table, the rows of an organization that have not ended."""


def count_current(pg: Connection, organization_id: int) -> dict[str, int]:
    """Count the linked accounts, memberships and Clever rosters of an organization that have not ended."""
    return {
        name: pg.execute(
            sa.text(f"select count(*) from roster.{rows}"), {"organization_id": organization_id}
        ).scalar_one()
        for name, rows in CURRENT_ROWS.items()
    }


def load_current(
    con: duckdb.DuckDBPyConnection, pg: Connection, organization_id: int, *, is_delta: bool = False
) -> None:
    """Fill schema `current` from one consistent view of the product.

    Args:
        con: The district's file or the delta workspace, with the staging tables of this sync.
        pg: A transaction with one view of the product.
        is_delta: Load only the rows of the affected set.
    """
    con.execute("create schema if not exists current")
    if is_delta:
        # PostgreSQL takes each of the few look-ups for a seek of a disk and would read whole tables of all districts.
        pg.exec_driver_sql(f"set local random_page_cost = {DELTA_PAGE_COST}")
    _send_feed(con, pg)
    for name in AFFECTED_TABLES if is_delta else ():
        copy_to_postgres(con, f"from affected.{name}", pg, f"affected_{name}", "id text")
    parameters = {"organization_id": organization_id}
    load = load_query if is_delta else load_whole_query
    select_into(pg, "candidate_accounts", load(FOLDER, "candidate_accounts"), parameters)
    for table in CURRENT_TABLES:
        if table is FOREIGN_IDS:
            copy_to_postgres(con, load_query(FOLDER, "new_ids"), pg, "new_ids", "resource text, clever_id text")
        query = table.query(is_delta=is_delta)
        copy_to_duckdb(pg, query, parameters, con, f"table current.{table.name}", table.columns)


def _send_feed(con: duckdb.DuckDBPyConnection, pg: Connection) -> None:
    """Send PostgreSQL the addresses of the feed and, where an organization is disconnected, the names beside them.

    PostgreSQL compares the names, so that no name of another organization is copied.
    """
    copy_to_postgres(con, f"select distinct email from {FEED}", pg, "feed_emails", "email text")
    has_disconnected = pg.execute(sa.text(DISCONNECTED)).scalar_one()
    folded = "fold_name(first_name), fold_name(last_name)"
    names = f"select distinct email, {folded} from {FEED} and {'true' if has_disconnected else 'false'}"
    copy_to_postgres(con, names, pg, "feed_names", "email text, first_name text, last_name text")
