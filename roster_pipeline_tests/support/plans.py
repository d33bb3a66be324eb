"""Fill the tables that a plan is built from, and build the plan."""

import duckdb
import pytest

from roster_pipeline.current.tables import CURRENT_TABLES
from roster_pipeline.model.entities import ENTITIES
from roster_pipeline.model.limits import Limits, ThresholdContext
from roster_pipeline.plan.build import build_plan
from roster_pipeline.reconcile.diff import compute_diff

TYPES = {
    "account_id": "bigint",
    "is_primary": "boolean",
    "imported_from_clever": "boolean",
    "start_date": "date",
    "end_date": "date",
}


@pytest.fixture
def con():
    """Open a district's file with empty marts, empty current tables and an empty quarantine."""
    with duckdb.connect() as opened:
        for schema in ("marts", "current", "quarantine"):
            opened.execute(f"create schema {schema}")
        opened.execute("create table quarantine.records (resource varchar, clever_id varchar, reason varchar)")
        for entity in ENTITIES:
            columns = ", ".join(f"{name} {TYPES.get(name, 'varchar')}" for name in entity.columns)
            opened.execute(f"create table marts.{entity.name} ({columns})")
        for table in CURRENT_TABLES:
            columns = ", ".join(f"{name} {kind}" for name, kind in table.columns.items())
            opened.execute(f"create table current.{table.name} ({columns})")
        yield opened


def member(number, role="student"):
    return {"account_id": number, "clever_id": f"{number:024x}", "role": role}


def fill_table(con, table, rows, **state):
    """Fill one table. A row of `current` is live and Clever-managed unless the test says otherwise."""
    if table.startswith("current."):
        state = {"is_ended": False, "is_native": False} | state
    for row in ({**one, **state} for one in rows):
        holes = ", ".join("?" for _ in row)
        con.execute(f"insert into {table} ({', '.join(row)}) values ({holes})", list(row.values()))


def planned(con, *, emptied=(), limits=Limits(), lately=()):  # noqa: B008 - a frozen value
    compute_diff(con)
    return build_plan(
        con,
        sync_id=1,
        organization_id=1,
        district_id="d" * 24,
        emptied=emptied,
        context=ThresholdContext(limits, lately),
    )


def members_leave(con, leaving, of, role="student"):
    """Let `leaving` of `of` members be missing from the feed."""
    fill_table(con, "current.org_memberships", [member(number, role) for number in range(of)])
    fill_table(con, "marts.org_memberships", [member(number, role) for number in range(leaving, of)])


def school(number, name):
    return {"school_id": f"{number:024x}", "name": name}


NORTH = "1".rjust(24, "0")


def key(number):
    return f"{number:024x}"


def place(section, number, **more):
    return {"section_id": section, "account_id": number, "clever_id": key(number), **more}


def roster(section, name, school_id=NORTH):
    return {"section_id": section, "school_id": school_id, "name": name}


def account(number, role="student", **more):
    """Add a linked account. Its names and email are unchanged unless the test says otherwise."""
    plain = {"first_name": "Ida", "last_name": "Moss", "email": f"{number}@example.org", "imported_from_clever": True}
    return {"account_id": number, "clever_id": key(number), "role": role, **plain, **more}


def set_current(con, table, *rows):
    """Set the rows that the product has."""
    columns = {name for name, *_ in con.execute(f"describe current.{table}").fetchall()}
    fill_table(con, f"current.{table}", [{name: row[name] for name in row if name in columns} for row in rows])


def set_desired(con, table, *rows):
    """Set the rows that Clever gives."""
    fill_table(con, f"marts.{table}", list(rows))


def both(con, table, *rows):
    set_current(con, table, *rows)
    set_desired(con, table, *rows)
