"""What was published, with its history, in one DuckDB file for analysts: `latest.duckdb`.

The file is never written in place: a copy is brought up to date beside it and swapped in whole, so it opens at all
times and a reader keeps the state that it opened. Only history tables are stored; `people` and the others are views
of their open rows.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb
from filelock import FileLock
from sqlalchemy import Connection

from roster_pipeline.product.transfer import copy_to_duckdb

LATEST = "latest.duckdb"
MEMBER = """
    join roster.identity_links as link
        on link.account_id = m.account_id and link.organization_id = %(organization_id)s and link.unlinked_at is null
"""


@dataclass(frozen=True)
class Published:
    """One table for analysts: `key` tells rows of a district apart; `query` reads PostgreSQL in column order."""

    name: str
    key: tuple[str, ...]
    columns: dict[str, str]
    query: str


def _published(name: str, key: tuple[str, ...], columns: str, query: str) -> Published:
    return Published(name, key, dict(column.rpartition(" ")[::2] for column in columns.split(", ")), query)


PUBLISHED: tuple[Published, ...] = (
    _published(
        "schools",
        ("school_id",),
        "school_id VARCHAR, name VARCHAR, sis_id VARCHAR, nces_id VARCHAR, low_grade VARCHAR, high_grade VARCHAR",
        """
        select clever_id, name, sis_id, nces_id, low_grade, high_grade from roster.schools
        where organization_id = %(organization_id)s and archived_at is null
        """,
    ),
    _published(
        "people",
        ("account_id",),
        "account_id BIGINT, clever_id VARCHAR, role VARCHAR, first_name VARCHAR, last_name VARCHAR, email VARCHAR",
        f"""
        select account.id, link.clever_id, m.role, account.first_name, account.last_name, account.email
        from roster.org_memberships as m
        join roster.accounts as account on account.id = m.account_id
        {MEMBER}
        where m.organization_id = %(organization_id)s and m.ended_at is null
        """,
    ),
    _published(
        "rosters",
        ("roster_id",),
        "roster_id BIGINT, section_id VARCHAR, school_id VARCHAR, name VARCHAR, subject VARCHAR, grade VARCHAR, "
        "period VARCHAR, term_name VARCHAR",
        """
        select roster.id, roster.clever_id, school.clever_id, roster.name, roster.subject, roster.grade,
            roster.period, roster.term_name
        from roster.rosters as roster left join roster.schools as school on school.id = roster.school_id
        where roster.organization_id = %(organization_id)s and roster.source = 'clever' and roster.archived_at is null
        """,
    ),
    _published(
        "enrollments",
        ("roster_id", "account_id", "role"),
        "roster_id BIGINT, section_id VARCHAR, account_id BIGINT, clever_id VARCHAR, role VARCHAR, is_primary BOOLEAN",
        " union all ".join(
            f"""
            select m.roster_id, roster.clever_id, m.account_id, link.clever_id, '{role}', {primary}
            from roster.roster_{role}s as m join roster.rosters as roster on roster.id = m.roster_id
            {MEMBER}
            where roster.organization_id = %(organization_id)s and roster.source = 'clever'
                and roster.archived_at is null and m.ended_at is null
            """
            for role, primary in (("teacher", "m.is_primary"), ("student", "null::boolean"))
        ),
    ),
)
SYNCS = _published(
    "syncs",
    ("id",),
    "id BIGINT, mode VARCHAR, trigger VARCHAR, state VARCHAR, started_at TIMESTAMPTZ, finished_at TIMESTAMPTZ, "
    "counts JSON",
    """
    select id, mode, trigger, state, started_at, finished_at, counts from roster.syncs
    where organization_id = %(organization_id)s and state <> 'running'
    """,
)


def write_snapshot(
    pg: Connection,
    folder: Path,
    *,
    district_id: str,
    organization_id: int,
    sync_id: int,
    at: datetime,
    changed: bool,
) -> dict[str, int]:
    """Bring one district up to date in `latest.duckdb`; returns the rows that now stand there, by table.

    Args:
        at: from when the new rows are valid.
        changed: whether this sync wrote roster rows; if not, and nothing was missed, only `syncs` is read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / ".lock"), _next_version(folder) as con:
        missed = changed or _last_sync(con, district_id) != _previous_sync(pg, organization_id, sync_id)
        for table in (*PUBLISHED, SYNCS) if missed else (SYNCS,):
            source = f"published_{table.name}"
            copy_to_duckdb(
                pg,
                table.query,
                {"organization_id": organization_id},
                con,
                f"temporary table {source}",
                table.columns,
            )
            _record(con, table, source, {"district": district_id, "sync": sync_id, "at": at})
        return {table.name: _rows(con, table.name, district_id) for table in (*PUBLISHED, SYNCS)}


@contextmanager
def _next_version(folder: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The next `latest.duckdb`, open for writing; it replaces the last one only if all went well."""
    following = folder / ".next.duckdb"
    _clear(folder)  # a killed process may have left its own
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": "512MB",
        "threads": 2,
        "autoinstall_known_extensions": False,
        "temp_directory": str(folder / ".next.duckdb.tmp"),
    }
    try:
        if (folder / LATEST).exists():
            shutil.copyfile(folder / LATEST, following)
        with duckdb.connect(following, config=config) as con:
            con.execute("set enable_progress_bar = false; set timezone = 'UTC'")
            for table in (*PUBLISHED, SYNCS):
                _create(con, table)
            yield con
        following.replace(folder / LATEST)
    finally:
        _clear(folder)


def _clear(folder: Path) -> None:
    for left_behind in folder.glob(".next.duckdb*"):
        shutil.rmtree(left_behind) if left_behind.is_dir() else left_behind.unlink()


def _create(con: duckdb.DuckDBPyConnection, table: Published) -> None:
    columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
    con.execute(
        f"create table if not exists {table.name}_history (district_id VARCHAR, {columns}, "
        "valid_from TIMESTAMPTZ, valid_to TIMESTAMPTZ, sync_id BIGINT)"
    )
    con.execute(
        f"create view if not exists {table.name} as select * exclude (valid_from, valid_to, sync_id) "
        f"from {table.name}_history where valid_to is null"
    )


def _record(con: duckdb.DuckDBPyConnection, table: Published, source: str, values: dict[str, object]) -> None:
    """Close the rows that are gone or different, and open the new ones."""
    columns = ", ".join(table.columns)
    same = " and ".join(f"fresh.{name} is not distinct from open.{name}" for name in table.columns)
    con.begin()
    con.execute(
        f"update {table.name}_history as open set valid_to = $at where valid_to is null and district_id = $district "
        f"and not exists (from {source} as fresh where {same})",
        {"at": values["at"], "district": values["district"]},
    )
    con.execute(
        f"insert into {table.name}_history (district_id, {columns}, valid_from, sync_id) "
        f"select $district, {columns}, $at, $sync from {source} as fresh where not exists ("
        f"from {table.name}_history as open where valid_to is null and district_id = $district and {same})",
        values,
    )
    con.commit()


def _last_sync(con: duckdb.DuckDBPyConnection, district_id: str) -> int | None:
    row = con.execute("select max(id) from syncs where district_id = ?", [district_id]).fetchone()
    return row[0] if row else None


def _previous_sync(pg: Connection, organization_id: int, sync_id: int) -> int | None:
    row = pg.exec_driver_sql(
        "select max(id) from roster.syncs where organization_id = %s and id < %s and state in ('published', 'held')",
        (organization_id, sync_id),
    ).one()
    return int(row[0]) if row[0] is not None else None


def _rows(con: duckdb.DuckDBPyConnection, table: str, district_id: str) -> int:
    row = con.execute(f"select count(*) from {table} where district_id = ?", [district_id]).fetchone()
    assert row is not None  # count(*) always answers with one row
    return int(row[0])
