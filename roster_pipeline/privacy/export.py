"""Exports everything that is held about one person, as JSON with the descriptions of the data dictionary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import sqlalchemy as sa
from sqlalchemy import Connection, LargeBinary, Table

from roster_pipeline.errors import ForgetRefused
from roster_pipeline.messages import operator
from roster_pipeline.model.dictionary import PRODUCT, find_column_description, find_table_description
from roster_pipeline.privacy.district_search import PEOPLE, find_in_district_files
from roster_pipeline.privacy.find import find_held_person
from roster_pipeline.privacy.subject import Subject
from roster_pipeline.privacy.tables import TABLE_ERASURES
from roster_pipeline.product.tables import rosters, web_audit
from roster_pipeline.settings import Settings

SECRETS = frozenset({"token", "token_hash", "csrf", "form_token"})
"""Columns that open something. The export says that they are held, and leaves the value out."""
PLACES = frozenset({"rosters", "schools", "terms", "courses"})
"""The entities of the journal whose Clever id is not that of a person."""
ABOUT_PEOPLE = frozenset({"clever_id", "key", "before", "after", "evidence", "clever_says"})
"""The columns that are left out of a row about another person, such as a review of who has the account."""
ACT, TARGET_KIND = "export_person", "account"


def export_person(settings: Settings, pg: Connection, person: str, *, by: str, at: datetime) -> dict[str, Any]:
    """Return everything that is held about a person: rows of the product, and rows of the district files.

    The audit trail records the export. Rows about other people are not in it.

    Args:
        pg: a transaction with one view of the product.
        person: the Clever id, or the number of an account.
        by: the name of the operator.

    Raises:
        ForgetRefused: nothing is held about this id.
    """
    subject = find_held_person(pg, person) or find_in_district_files(settings, pg, person)
    if subject is None:
        raise ForgetRefused(operator.text("Nothing is held about {id}. Nothing was changed.", id=person))
    accounts = [*subject.accounts, *subject.kept_accounts]
    tables = [*_export_product(pg, subject), *_export_district_files(settings, subject)]
    target = str(min(accounts, default=person))
    audit = {"acting": f"operator {by}", "act": ACT, "target_kind": TARGET_KIND, "target_id": target}
    pg.execute(web_audit.insert().values(at=at, **audit))
    return {
        "person": person,
        "exported_at": at.isoformat(),
        "accounts": accounts,
        "clever_ids": list(subject.clever_ids),
        "tables": tables,
    }


def _export_product(pg: Connection, subject: Subject) -> Iterator[dict[str, Any]]:
    # Of a class that the person made, its row is exported and not its students.
    without_classes = replace(subject, rosters=())
    for erasure in TABLE_ERASURES:
        own = subject if erasure.table is rosters else without_classes
        rows = pg.execute(sa.select(erasure.table).where(erasure.is_erased(own))).mappings()
        values = [
            {name: _to_json(erasure.table, name, value) for name, value in _hide_others(row, subject).items()}
            for row in rows
        ]
        if values:
            yield _describe("PostgreSQL", PRODUCT, erasure.table.name, list(erasure.table.c.keys()), values)


def _hide_others(row: Mapping[Any, Any], subject: Subject) -> dict[str, Any]:
    """Return a row without what it has about another person of Clever, if it is about one."""
    states = (row, *(row.get(name) for name in ("key", "before", "after")))
    clever_ids = {state["clever_id"] for state in states if isinstance(state, Mapping) and state.get("clever_id")}
    is_of_place = row.get("source") is not None or row.get("entity") in PLACES
    if is_of_place or clever_ids <= {*subject.clever_ids}:
        return dict(row)
    return {name: value for name, value in row.items() if name not in ABOUT_PEOPLE}


def _to_json(table: Table, name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in SECRETS or isinstance(table.c[name].type, LargeBinary):
        return operator.text("held, and not shown because it opens a session")
    if isinstance(value, datetime):
        return value.isoformat()
    return value if isinstance(value, bool | int | float | str | dict | list) else str(value)


def _describe(store: str, schema: str, table: str, columns: list[str], rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the rows of one table with the descriptions of the table and its columns."""
    described = {name: find_column_description(schema, table, name) for name in columns}
    return {
        "store": store,
        "table": table,
        "description": find_table_description(schema, table),
        "columns": {name: text for name, text in described.items() if text},
        "rows": rows,
    }


def _export_district_files(settings: Settings, subject: Subject) -> Iterator[dict[str, Any]]:
    """Return the rows of the district files that have a Clever id of the person."""
    for district in subject.districts:
        for file in sorted(settings.districts_folder.glob(f"{district}*.duckdb")):
            yield from _export_file(file, subject)


def _export_file(file: Path, subject: Subject) -> Iterator[dict[str, Any]]:
    try:
        with duckdb.connect(file, read_only=True) as con:
            for (table,) in con.execute(PEOPLE).fetchall():
                found = con.execute(f"from {table} where list_contains(?, clever_id)", [list(subject.clever_ids)])
                columns = [column[0] for column in found.description]
                rows = [
                    {name: None if value is None else str(value) for name, value in zip(columns, row, strict=True)}
                    for row in found.fetchall()
                ]
                if rows:
                    schema, _, name = str(table).partition(".")
                    yield _describe(f"districts/{file.name}", schema, name, columns, rows)
    except duckdb.Error:
        yield {"store": f"districts/{file.name}", "table": operator.text("The file is damaged or in use."), "rows": []}
