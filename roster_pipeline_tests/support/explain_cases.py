"""Reads the cases of `dbt_like_sql/explain/`: `X.yaml` beside `X.sql`, parameters under `with`."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

EXPLAIN = Path(str(files("dbt_like_sql") / "explain"))


@dataclass(frozen=True)
class ExplainCase:
    """One entry of a YAML file. `subject` is the name of the file."""

    subject: str
    name: str
    values: Mapping[str, Any]
    given: Mapping[str, list[dict[str, Any]]]
    expect: list[dict[str, Any]]


def explain_cases(folder: str) -> list[ExplainCase]:
    """Return every case of a folder, in the order of its files."""
    return [
        ExplainCase(path.stem, entry["case"], entry.get("with", {}), entry["given"], entry["expect"])
        for path in sorted((EXPLAIN / folder).glob("*.yaml"))
        for entry in yaml.safe_load(path.read_text(encoding="utf-8"))
    ]


def queries_without_cases(folder: str) -> set[str]:
    """Return the SELECTs of a folder that have no case."""
    return {path.stem for path in (EXPLAIN / folder).glob("*.sql")} - {case.subject for case in explain_cases(folder)}


def cut_to_case(case: ExplainCase, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with the columns that the case names."""
    columns = case.expect[0].keys() if case.expect else None
    return [{name: row[name] for name in columns or row} for row in rows]


def sort_rows(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=str)
