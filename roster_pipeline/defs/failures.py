"""Show failures in the Dagster UI as one line that says what happened and what to do.

Errors of libraries can quote a row about a child. Of those, the line has only the class and the place in the code.
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
    """Let Dagster record the failures of `as_failure` without a stack trace during a `with` block.

    The frames are Dagster's own, and in the UI they push the line out of sight.
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
        KeyboardInterrupt: the run was stopped. After a failure, a batch would go on with its next district.
    """
    try:
        with plain_errors():
            yield
    except dg.Failure:
        raise
    except Exception as error:  # noqa: BLE001 - a library's error may quote a row, so none goes further
        raise _failure(error) from None


def failure_of_run(instance: dg.DagsterInstance, run_id: str) -> tuple[str, int] | None:
    """Return why a run failed, in one line, with the exit code. Return None if no step recorded a failure."""
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE):
        event = entry.dagster_event
        failure = event.step_failure_data.user_failure_data if event else None
        if failure and EXIT_CODE in failure.metadata:
            return str(failure.description), int(str(failure.metadata[EXIT_CODE].value))
    return None


def _failure(error: Exception) -> dg.Failure:
    """Return the Dagster failure for an error."""
    if _is_in_run.get():
        sys.tracebacklimit = 0
    code = error.exit_code if isinstance(error, RosterError) else RosterError.exit_code
    return dg.Failure(failure_line(error), {EXIT_CODE: code}, allow_retries=False)
