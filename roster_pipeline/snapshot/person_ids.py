"""Adds the person ids to the rows of a pass, after `pseudonyms.keys.define_person_ids`."""

from __future__ import annotations

import duckdb

from roster_pipeline.snapshot.tables import ROW_TABLES

FRESH_DISTRICTS = "select *, fingerprint_of(organization_id) as key_fingerprint from read_districts"
"""The fingerprint is that of the key in use. A file with another one is written anew by the next pass."""
OTHER_KEYS = "from {catalog}.districts_history where key_fingerprint is distinct from fingerprint_of(organization_id)"


def add_person_ids(con: duckdb.DuckDBPyConnection) -> None:
    """Add column `person_id` to `touched_<table>` and `versions_<table>` of every table about people."""
    names = [table.name for table in ROW_TABLES if table.has_people]
    touched = " union ".join(f"select organization_id, account_id from touched_{name}" for name in names)
    con.execute(
        "create or replace temporary table ids as select organization_id, account_id, person_id(inner_pad, "
        f"outer_pad, account_id) as person_id from ({touched}) join pseudonym_keys on key_of = organization_id"
    )
    for name in (f"{kind}_{name}" for kind in ("touched", "versions") for name in names):
        con.execute(f"create or replace temp table {name} as from {name} join ids using (organization_id, account_id)")


def has_present_keys(con: duckdb.DuckDBPyConnection, catalog: str) -> bool:
    """Return whether the person ids of an attached file were made with the present keys."""
    return not con.execute(OTHER_KEYS.format(catalog=catalog)).fetchall()
