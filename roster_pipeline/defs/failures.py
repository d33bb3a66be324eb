"""How a failure of ours reads in the Dagster UI: one line that says what, where and what to do next.

Errors of DuckDB, PostgreSQL and pandera can quote a row, and a row is a child's: only their kind goes further.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg
import duckdb
import sqlalchemy.exc

from roster_pipeline.errors import RosterError

EXIT_CODE = "exit_code"


@contextmanager
def as_failure() -> Iterator[None]:
    """Turn the errors of the stages into Dagster failures without a traceback of values."""
    try:
        yield
    except RosterError as error:
        raise dg.Failure(str(error), {EXIT_CODE: error.exit_code}, allow_retries=False) from None
    except (duckdb.Error, sqlalchemy.exc.SQLAlchemyError) as error:
        line = f"A query of ours failed ({type(error).__name__}). Nothing was published. If it stays, report it."
        raise dg.Failure(line, {EXIT_CODE: RosterError.exit_code}, allow_retries=False) from None
