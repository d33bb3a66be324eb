"""What every staged row must be, one pandera contract a table, named by the table. Rules on rows only.

Uniqueness is kept by the models, what tables mean to one another by the SQL tests. The sentence of a check is what a
person reads beside a quarantined row; it never holds a value of the row.
"""

from __future__ import annotations

import pandas as pd
import pandera.pandas as pa
import pyarrow as arrow

from roster_pipeline.model.clever_id import CLEVER_ID_PATTERN

TEXT = pd.ArrowDtype(arrow.string())


def _id(name: str, *, nullable: bool = False) -> tuple[str, pa.Column]:
    what = "Clever id" if not nullable else name.replace("_", " ")
    check = pa.Check.str_matches(f"^{CLEVER_ID_PATTERN}$", error=f"{what} is not 24 hexadecimal digits")
    return name, pa.Column(TEXT, check, nullable=nullable, description="Clever's id, 24 hexadecimal digits")


def _ids(name: str) -> tuple[str, pa.Column]:
    """A list, read as the text that DuckDB makes of it: in brackets, with quotes around what could mislead."""
    listed = rf"^\[({CLEVER_ID_PATTERN}(, {CLEVER_ID_PATTERN})*)?\]$"
    check = pa.Check.str_matches(listed, error=f"{name.replace('_', ' ')} hold one that is not 24 hexadecimal digits")
    return name, pa.Column(TEXT, check, description="Clever's ids, 24 hexadecimal digits each")


def _text(name: str, description: str, *, nullable: bool = True) -> tuple[str, pa.Column]:
    return name, pa.Column(TEXT, nullable=nullable, description=description)


def _contract(*columns: tuple[str, pa.Column]) -> pa.DataFrameSchema:
    return pa.DataFrameSchema(dict(columns), strict=False)


PERSON = _contract(
    _id("clever_id"),
    _id("school_id", nullable=True),
    _ids("school_ids"),
    _text("first_name", "As the district typed it; may be missing"),
    _text("last_name", "As the district typed it; may be missing"),
    _text("email", "Without the blanks around it; not unique, not verified, may be no address at all"),
    _text("sis_id", "The district's own id; not unique across districts, never matched on"),
)
CONTRACTS: dict[str, pa.DataFrameSchema] = {
    "stg_schools": _contract(
        _id("school_id"),
        _text("name", "As the district typed it", nullable=False),
        *(_text(grade, "One of Clever's grades, or empty") for grade in ("low_grade", "high_grade")),
    ),
    "stg_teachers": PERSON,
    "stg_students": PERSON,
    "stg_sections": _contract(
        _id("section_id"),
        _id("school_id", nullable=True),
        _id("term_id", nullable=True),
        _id("course_id", nullable=True),
        _ids("teacher_ids"),
        _ids("student_ids"),
        _text("name", "Exactly as Clever has it; not unique", nullable=False),
        *(_text(name, "As Clever has it") for name in ("subject", "grade", "period")),
    ),
    "stg_terms": _contract(_id("term_id"), _text("name", "As the district typed it")),
    "stg_courses": _contract(
        _id("course_id"),
        _text("name", "As the district typed it"),
        _text("number", "The district's own number"),
    ),
}


def empty_table(table: str) -> pd.DataFrame:
    """No rows, in the columns that the contract of `table` is about."""
    return pd.DataFrame({column: pd.Series([], dtype=TEXT) for column in CONTRACTS[table].columns})
