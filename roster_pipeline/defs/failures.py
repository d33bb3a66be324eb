"""How a failure of ours reads in the Dagster UI: one line that says what, where and what to do next.

Errors of libraries can quote a row, and a row is a child's: only their kind and our line go further.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import dagster as dg

from roster_pipeline.errors import RosterError
from roster_pipeline.sync_errors import failure_line, plain_errors

EXIT_CODE = "exit_code"
_is_in_run = ContextVar("is_in_run", default=False)


@contextmanager
def lines_alone() -> Iterator[None]:
    """Within it, Dagster records a failure of `as_failure` without a stack trace.

    The line says what to do, and the frames are Dagster's own: in the UI they pushed the line out of sight.
    """
    token = _is_in_run.set(True)
    try:
        yield
    finally:
        _is_in_run.reset(token)
        vars(sys).pop("tracebacklimit", None)


@contextmanager
def as_failure() -> Iterator[None]:
    """Turn the errors of a stage into a Dagster failure that shows one line and no values of variables.

    Raises:
        KeyboardInterrupt: the work was stopped. A batch that saw a failure instead would go on with its next district.
    """
    try:
        with plain_errors():
            yield
    except dg.Failure:
        raise
    except Exception as error:  # noqa: BLE001 - a library's error may quote a row, so none goes further
        raise _failure(error) from None


def failure_of_run(instance: dg.DagsterInstance, run_id: str) -> tuple[str, int] | None:
    """Why a run failed, in one line, and the exit code of that; None: no step said so."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        said = event.step_failure_data.user_failure_data if event else None
        if said and EXIT_CODE in said.metadata:
            return str(said.description), int(str(said.metadata[EXIT_CODE].value))
    return None


def _failure(error: Exception) -> dg.Failure:
    if _is_in_run.get():
        sys.tracebacklimit = 0
    code = error.exit_code if isinstance(error, RosterError) else RosterError.exit_code
    return dg.Failure(failure_line(error), {EXIT_CODE: code}, allow_retries=False)
