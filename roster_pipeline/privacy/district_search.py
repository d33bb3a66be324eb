"""Finds a person who stands in a district file alone, because the record was rejected and never published."""

from __future__ import annotations

from pathlib import Path

import duckdb
import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.errors import ForgetRefused
from roster_pipeline.messages import operator
from roster_pipeline.privacy.subject import Subject, is_account
from roster_pipeline.product.tables import organizations
from roster_pipeline.settings import Settings

PEOPLE = "select schema_name || '.' || table_name from duckdb_columns() where column_name = 'clever_id' order by 1"
"""The tables of a district file with rows about people."""


def find_in_district_files(settings: Settings, pg: Connection, person: str) -> Subject | None:
    """Return the subject of a person whom a district file has, or None if no file has the Clever id.

    Raises:
        ForgetRefused: a file cannot be read now, and no other has the person.
    """
    if is_account(person):
        return None
    query = sa.select(organizations.c.clever_district_id).where(organizations.c.tier != "library")
    places, unread = [], []
    for district in pg.execute(query.order_by(organizations.c.clever_district_id)).scalars():
        for file in settings.districts_folder.glob(f"{district}.*duckdb"):
            try:
                if _has_person(file, person):
                    places.append(district)
            except duckdb.Error:  # a sync has the file open, or it is damaged
                unread.append(district)
    if not places and unread:
        raise ForgetRefused(
            operator.text(
                "The file of district {district_id} is in use or damaged, so it was not searched. Nothing was changed. "
                "Run the command again after the sync of the district.",
                district_id=unread[0],
            )
        )
    return Subject("person", clever_ids=(person,), districts=tuple(sorted(set(places)))) if places else None


def refuse_connected(pg: Connection, subject: Subject) -> None:
    """Refuse to forget a person whom the file of a connected district has, because Clever still shares the person.

    Raises:
        ForgetRefused: one of the districts is connected.
    """
    query = sa.select(organizations.c.clever_district_id).where(
        organizations.c.clever_district_id.in_(subject.districts), organizations.c.state != "disconnected"
    )
    district = pg.execute(query.limit(1)).scalar()
    if district is not None:
        raise ForgetRefused(
            operator.text(
                "Clever still shares a record of this person, which the last sync of district {district_id} set aside. "
                "Nothing was changed. Unshare in Clever first, and sync with --mode full.",
                district_id=district,
            )
        )


def _has_person(file: Path, person: str) -> bool:
    with duckdb.connect(file, read_only=True) as con:
        tables = [table for (table,) in con.execute(PEOPLE).fetchall()]
        return any(con.execute(f"from {table} where clever_id = ? limit 1", [person]).fetchall() for table in tables)
