"""How a failure of ours reads in the Dagster UI: one line that says what, where and what to do next.

Errors of libraries can quote a row, and a row is a child's: only their kind and our line go further.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from roster_pipeline.errors import RosterError, place_of

EXIT_CODE = "exit_code"


@contextmanager
def as_failure() -> Iterator[None]:
    """Turn the errors of the stages into Dagster failures without a traceback of values."""
    try:
        yield
    except RosterError as error:
        raise dg.Failure(str(error), {EXIT_CODE: error.exit_code}, allow_retries=False) from None
    except dg.Failure:
        raise
    except Exception as error:  # noqa: BLE001 - what an error of a library quotes is not known here
        line = (
            f"A fault of ours ({type(error).__name__} at {place_of(error)}). The next sync does what this one did not."
        )
        raise dg.Failure(line, {EXIT_CODE: RosterError.exit_code}, allow_retries=False) from None
