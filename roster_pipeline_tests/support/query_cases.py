"""Reads the cases of queries that are no models: `X.yaml` beside `X.sql` in a folder of `dbt_like_sql/`.

Parameters stand under `with`. A case of a query that narrows its rows to some keys names them in `given`, or says
`is_whole` for the query of all rows. A case that says `is_ordered` expects its rows in this order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from roster_pipeline.model.queries import sql_folder


@dataclass(frozen=True)
class QueryCase:
    """One entry of a YAML file. `subject` is the name of the file."""

    folder: str
    subject: str
    name: str
    values: Mapping[str, Any]
    given: Mapping[str, list[dict[str, Any]]]
    expect: list[dict[str, Any]]
    is_whole: bool
    is_ordered: bool


def query_cases(*folders: str) -> list[QueryCase]:
    """Return every case of some folders, in the order of their files."""
    return [
        QueryCase(
            folder,
            path.stem,
            entry["case"],
            entry.get("with", {}),
            entry["given"],
            entry["expect"],
            entry.get("is_whole", False),
            entry.get("is_ordered", False),
        )
        for folder in folders
        for path in sorted(sql_folder(folder).glob("*.yaml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def queries_without_cases(*folders: str) -> set[str]:
    """Return the SELECTs of some folders that have no case beside them."""
    files = {path for folder in folders for path in sql_folder(folder).glob("*.sql")}
    return {path.stem for path in files if not path.with_suffix(".yaml").exists()}


def cut_to_case(case: QueryCase, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with the columns that the case names."""
    columns = case.expect[0].keys() if case.expect else None
    return [{name: row[name] for name in columns or row} for row in rows]


def sort_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=str)
