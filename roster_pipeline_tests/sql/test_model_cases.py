"""Every model and SQL test does what the cases beside it say (`support/sql_cases.py` tells how a case is written)."""

import pytest
import yaml

from roster_pipeline_tests.support.sql_cases import (
    SQL_FILES,
    SQL_FOLDER,
    cases_of,
    compare,
    given_rows,
    open_empty_warehouse,
)

SQL_TESTS = [name for name, path in SQL_FILES.items() if path.parent.name == "tests"]
CASES = [case for subject in SQL_FILES for case in cases_of(subject)]


@pytest.fixture(scope="module")
def warehouse():
    with open_empty_warehouse() as con:
        yield con


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.subject}: {case.name}") for case in CASES])
def test_case(warehouse, case):
    assert case.given.keys() <= case.readable, "a case gives only what its subject reads"
    for order, step in case.row_orders.items():
        with given_rows(warehouse, case, step):
            expected, actual = compare(warehouse, case, case.sql)
        if expected != actual:
            pytest.fail(_describe_difference(case, order, expected, actual), pytrace=False)


def _describe_difference(case, order, expected, actual):
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
def test_every_model_and_sql_test_has_named_cases(subject):
    names = [case.name for case in cases_of(subject)]

    assert names
    assert len(names) == len(set(names))


@pytest.mark.parametrize("subject", SQL_TESTS)
def test_every_sql_test_has_a_guilty_and_an_innocent_case(subject):
    assert {bool(case.expect) for case in cases_of(subject)} == {True, False}


def test_every_file_of_cases_stands_beside_its_sql():
    files = list(SQL_FOLDER.rglob("*.y*ml"))

    assert len(files) >= len(SQL_FILES)
    assert [path.name for path in files if path.suffix != ".yaml" or not path.with_suffix(".sql").is_file()] == []
