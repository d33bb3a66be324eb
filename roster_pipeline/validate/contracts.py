"""Contracts of the staged tables, one pandera schema for each table. A contract has rules for single rows only.

The models make the ids unique, and the SQL tests check relations between tables. The sentence of a rule is shown beside
a row in quarantine and never holds a value of the row.
"""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow

from roster_pipeline.model.clever_id import CLEVER_ID_PATTERN

TEXT = pd.ArrowDtype(arrow.string())


def _id(name: str, *, nullable: bool = False) -> tuple[str, pa.Column]:
    label = name.replace("_", " ") if nullable else "Clever id"
    check = pa.Check.str_matches(f"^{CLEVER_ID_PATTERN}$", error=f"{label} is not 24 hexadecimal digits")
    return name, pa.Column(TEXT, check, nullable=nullable)


def _ids(name: str) -> tuple[str, pa.Column]:
    """Return a column of a list of ids. The check reads the list as text in brackets, to which DuckDB casts it."""
    pattern = rf"^\[({CLEVER_ID_PATTERN}(, {CLEVER_ID_PATTERN})*)?\]$"
    check = pa.Check.str_matches(
        pattern, error=f"{name.replace('_', ' ')} hold an id that is not 24 hexadecimal digits"
    )
    return name, pa.Column(TEXT, check)


def _text(name: str, *, nullable: bool = True) -> tuple[str, pa.Column]:
    return name, pa.Column(TEXT, nullable=nullable)


def _contract(*columns: tuple[str, pa.Column]) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(dict(columns), strict=False)


PERSON = _contract(
    _id("clever_id"),
    _id("school_id", nullable=True),
    _ids("school_ids"),
    *(_text(name) for name in ("first_name", "last_name", "email", "sis_id")),
)
STUDENT = PERSON.add_columns(dict([_text("grade")]))
CONTRACTS: dict[str, pa.DataFrameSchema] = {
    "stg_schools": _contract(
        _id("school_id"), _text("name", nullable=False), *(_text(name) for name in ("low_grade", "high_grade"))
    ),
    "stg_teachers": PERSON,
    "stg_students": STUDENT,
    "stg_sections": _contract(
        _id("section_id"),
        _id("school_id", nullable=True),
        _id("term_id", nullable=True),
        _id("course_id", nullable=True),
        _ids("teacher_ids"),
        _ids("student_ids"),
        _text("name", nullable=False),
        *(_text(name) for name in ("subject", "grade", "period")),
    ),
    "stg_terms": _contract(_id("term_id"), *(_text(name) for name in ("name", "start_date", "end_date"))),
    "stg_courses": _contract(_id("course_id"), *(_text(name) for name in ("name", "number"))),
}


def empty_table(table: str) -> pd.DataFrame:
    """Return a table without rows that has the columns of the contract of `table`."""
    return pd.DataFrame({column: pd.Series([], dtype=TEXT) for column in CONTRACTS[table].columns})
