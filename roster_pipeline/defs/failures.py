"""How a failure of ours reads in the Dagster UI: one line that says what, where and what to do next.

Errors of libraries can quote a row, and a row is a child's: only their kind and our line go further.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

from roster_pipeline.errors import RosterError, is_interruption, place_of

EXIT_CODE = "exit_code"


@contextmanager
def as_failure() -> Iterator[None]:
    """Turn the errors of the stages into Dagster failures without a traceback of values.

    Raises:
        KeyboardInterrupt: the work was stopped: that is no failure, and a batch that is told of one would go on.
    """
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:  # noqa: BLE001 - what an error of a library quotes is not known here
        if is_interruption(error):
            raise KeyboardInterrupt from None
        raise _failure(error) from None


def _failure(error: Exception) -> dg.Failure:
    if isinstance(error, RosterError):
        return dg.Failure(str(error), {EXIT_CODE: error.exit_code}, allow_retries=False)
    line = f"A fault of ours ({type(error).__name__} at {place_of(error)}). The next sync does what this one did not."
    return dg.Failure(line, {EXIT_CODE: RosterError.exit_code}, allow_retries=False)
