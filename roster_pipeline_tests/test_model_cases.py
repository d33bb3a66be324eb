"""Runs the cases that stand beside the SQL: `X.yaml` beside `X.sql`, in every folder of `dbt_like_sql/`.

A case says what is `given` (table: rows) and what to `expect` (rows; of a SQL test the guilty ids). One rule: a
table that is given holds what is given, NULL in every column left out; any other table is made as in a sync, by
its own model; what no model makes (`raw.*`, `current.*`) is empty. So a case may begin in raw or right below its
model. Only the columns that a case expects are compared. Each case runs with its rows in the order given and in
reverse: the order must not matter.
"""

import json
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest
import yaml

from roster_pipeline.current.tables import CURRENT_TABLES
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline.stage import find_tables, load_models, run_models

FOLDERS = sorted(Path(str(folder)) for folder in files("dbt_like_sql").iterdir())
SQL_FILES = {path.stem: path for folder in FOLDERS for path in sorted(folder.glob("*.sql"))}
LANDED = {"content_hash": "VARCHAR", "sync_id": "BIGINT"}
SET_ASIDE = {"resource": "VARCHAR", "clever_id": "VARCHAR", "reason": "VARCHAR", "whole_record": "BOOLEAN"}
SQL_TESTS = [name for name, path in SQL_FILES.items() if path.parent.name == "tests"]


@dataclass(frozen=True)
class Case:
    """One entry of a YAML file; `subject` is the model or SQL test, the name of the file."""

    subject: str
    name: str
    given: dict[str, list[dict]]
    expect: list

    @property
    def sql(self):
        return SQL_FILES[self.subject].read_text(encoding="utf-8")

    @property
    def upstream(self):
        """The models to run, in order: what the subject reads, up to the tables that are given."""
        wanted, chosen = set(find_tables(self.sql)), []
        for model in reversed(load_models()):
            if model.key in wanted and ".".join(model.key) not in self.given:
                chosen.insert(0, model)
                wanted |= model.reads
        return chosen

    @property
    def readable(self):
        """The tables that can make a difference, by full name."""
        read = find_tables(self.sql).union(*(model.reads for model in self.upstream))
        return {".".join(key) for key in read}


def _cases_of(subject):
    path = SQL_FILES[subject].with_suffix(".yaml")
    entries = yaml.safe_load(path.read_text(encoding="utf-8")) if path.exists() else []
    return [Case(subject, entry.pop("case"), **entry) for entry in entries]


CASES = [case for subject in SQL_FILES for case in _cases_of(subject)]


@pytest.fixture(scope="module")
def warehouse():
    """Every table of a sync, empty and of its right type."""
    with duckdb.connect() as con:
        con.execute("create schema raw")
        con.execute("create schema current")
        for resource in RESOURCES:
            _create(con, f"raw.{resource.name}", {**resource.fields, **LANDED})
        _create(con, "raw.set_aside", SET_ASIDE)
        for table in CURRENT_TABLES:
            _create(con, f"current.{table.name}", table.columns)
        list(run_models(con, load_models()))
        yield con


def _create(con, table, columns):
    con.execute(f"create table {table} ({', '.join(f'{name} {kind}' for name, kind in columns.items())})")


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.subject}: {case.name}") for case in CASES])
def test_case(warehouse, case):
    assert case.given.keys() <= case.readable, "a case gives only what its subject reads"
    for order, step in (("given", 1), ("reverse", -1)):
        rows = _rows_of(warehouse, case, step)
        expected, actual = _compared(case.expect, rows)
        if expected != actual:
            pytest.fail(_both(case, order, expected, actual), pytrace=False)


def _rows_of(con, case, step):
    """The subject's rows, given the case's rows taken with `step`; the warehouse is left empty again."""
    con.begin()
    try:
        for table, rows in case.given.items():
            for row in rows[::step]:
                columns, holes = ", ".join(row), ", ".join("?" for _ in row)
                con.execute(f"insert into {table} ({columns}) values ({holes})", list(row.values()))
        list(run_models(con, case.upstream))
        cursor = con.execute(case.sql)
        columns = [(name, str(kind)) for name, kind, *_ in cursor.description]
        return [_plain(columns, row) for row in cursor.fetchall()]
    finally:
        con.rollback()


def _plain(columns, row):
    """A row by column name, JSON as what it says."""
    return {
        name: json.loads(value) if kind == "JSON" and value is not None else value
        for (name, kind), value in zip(columns, row, strict=True)
    }


def _compared(expect, rows):
    """Both sides cut to the columns that the case names, in one order; guilty ids are the first column."""
    if expect and not isinstance(expect[0], dict):
        return sorted(expect), sorted(next(iter(row.values())) for row in rows)
    named = expect[0].keys() if expect else {column for row in rows for column in row}
    assert all(row.keys() == named for row in expect), "every row that a case expects names the same columns"
    assert not rows or named <= rows[0].keys(), f"no such column: {sorted(named - rows[0].keys())}"
    return _sorted(expect), _sorted({name: row[name] for name in named} for row in rows)


def _sorted(rows):
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))


def _both(case, order, expected, actual):
    given = "\n".join(f"  {table}\n{_lines(rows)}" for table, rows in case.given.items())
    return (
        f"{case.subject}: {case.name} (rows in {order} order)\n"
        f"given\n{given}\nexpected\n{_lines(expected)}\nactual\n{_lines(actual)}"
    )


def _lines(rows):
    return "\n".join(f"    {_line(row)}" for row in rows) or "    (no rows)"


def _line(row):
    text = yaml.safe_dump(row, default_flow_style=True, sort_keys=False, width=float("inf"))
    return text.removesuffix("...\n").strip()


@pytest.mark.parametrize("subject", SQL_FILES)
def test_every_model_and_sql_test_has_cases_with_names_of_their_own(subject):
    names = [case.name for case in _cases_of(subject)]

    assert names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("subject", SQL_TESTS)
def test_every_sql_test_has_a_guilty_and_an_innocent_case(subject):
    assert {bool(case.expect) for case in _cases_of(subject)} == {True, False}


def test_every_file_of_cases_stands_beside_its_sql():
    written = {path for folder in FOLDERS for path in folder.glob("*.y*ml")}

    assert written <= {path.with_suffix(".yaml") for path in SQL_FILES.values()}
