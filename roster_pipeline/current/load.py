"""What the product has now, as far as one district is concerned, copied into `current.*` of its DuckDB file.

Read are: the rows of this organization, the accounts linked to its people, and the accounts that carry an address
of its feed, or nearly one; never all accounts. For a delta sync, of these the ones within reach of what changed. Of an
account that lives in another organization nothing is copied that names a person.
"""

from __future__ import annotations

import duckdb
import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.current.tables import ASKED, ASKED_WITHIN, CURRENT_TABLES, FOREIGN_IDS
from roster_pipeline.product.transfer import copy_to_duckdb, copy_to_postgres, select_into

REACH = ("people", "sections", "schools")
"""What a delta sync tells PostgreSQL of its reach."""
PAGE_IN_MEMORY = 1.1
"""What finding a page costs beside reading on, where pages are in memory or on a disk without a head."""

FEED = "(from staging.stg_teachers union all by name from staging.stg_students) where email is not null"
DISCONNECTED = "select exists (select from roster.organizations where state = 'disconnected')"

LIVE = {
    "accounts": "identity_links where organization_id = :organization_id and unlinked_at is null",
    "org_memberships": "org_memberships where organization_id = :organization_id and ended_at is null",
    "rosters": "rosters where organization_id = :organization_id and source = 'clever' and archived_at is null",
}

NEW_IDS = """
    select 'people' as resource, clever_id from (
        select clever_id from staging.stg_teachers union select clever_id from staging.stg_students
    ) where clever_id not in (
        select linked_clever_id from current.accounts where is_linked_here and linked_clever_id is not null
    )
    union all
    select 'schools', school_id from staging.stg_schools where school_id not in (select school_id from current.schools)
    union all
    select 'sections', section_id from staging.stg_sections
    where section_id not in (select section_id from current.rosters)
"""
"""DuckDB; the ids of the feed that nothing here has yet. Only such an id can belong to another district."""


def count_current(pg: Connection, organization_id: int) -> dict[str, int]:
    """Rows of this organization that live in the product now: linked accounts, memberships, Clever rosters."""
    return {
        name: pg.execute(
            sa.text(f"select count(*) from roster.{which}"), {"organization_id": organization_id}
        ).scalar_one()
        for name, which in LIVE.items()
    }


def load_current(
    con: duckdb.DuckDBPyConnection, pg: Connection, organization_id: int, *, is_delta: bool = False
) -> None:
    """Fill `current.*` from one consistent view of the product (the transaction of `pg`).

    Reads `staging.stg_teachers` and `staging.stg_students` for the addresses to look up.

    Args:
        is_delta: `con` is a delta sync's: only what is within `reach.*` is read.
    """
    con.execute("create schema if not exists current")
    if is_delta:
        # Few rows are looked up. PostgreSQL takes each for a seek of a disk, unless told that it is none, and would
        # rather read whole tables, of all districts.
        pg.exec_driver_sql(f"set local random_page_cost = {PAGE_IN_MEMORY}")
    _send_feed(con, pg)
    for name in REACH if is_delta else ():
        copy_to_postgres(con, f"from affected.{name}", pg, f"within_{name}", "id text")
    parameters = {"organization_id": organization_id}
    select_into(pg, "asked", ASKED.format(within=ASKED_WITHIN if is_delta else ""), parameters)
    for table in CURRENT_TABLES:
        if table is FOREIGN_IDS:
            copy_to_postgres(con, NEW_IDS, pg, "new_ids", "resource text, clever_id text")
        query = table.query.replace("{within}", table.within if is_delta else "")
        copy_to_duckdb(pg, query, parameters, con, f"table current.{table.name}", table.columns)


def _send_feed(con: duckdb.DuckDBPyConnection, pg: Connection) -> None:
    """The addresses of the feed, and where they can be those of a disconnected organization, the names beside them.

    The names are compared in PostgreSQL: no name of another organization is copied.
    """
    copy_to_postgres(con, f"select distinct email from {FEED}", pg, "feed_people", "email text")
    folded = ", ".join(f"strip_accents(lower(trim({name}))) as {name}" for name in ("first_name", "last_name"))
    wanted = pg.execute(sa.text(DISCONNECTED)).scalar_one()
    names = f"select distinct email, {folded} from {FEED} and {'true' if wanted else 'false'}"
    copy_to_postgres(con, names, pg, "feed_names", "email text, first_name text, last_name text")
