"""How a failure of ours reads in the Dagster UI: one line that says what, where and what to do next.

Errors of libraries can quote a row, and a row is a child's: only their kind and our line go further.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import dagster as dg

from roster_pipeline.damaged import disk_refusal
from roster_pipeline.errors import HomeUnwritable, RosterError, is_interruption, place_of
from roster_pipeline.model.text import LONGEST_LINE, label

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
        refusal = disk_refusal(error)
        raise _failure(HomeUnwritable(refusal) if refusal else error) from None


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
    return dg.Failure(line_of(error), {EXIT_CODE: code}, allow_retries=False)


def line_of(error: Exception) -> str:
    """One line that says what went wrong, without the words of a library's error, which could quote a row."""
    if isinstance(error, RosterError):
        return label(str(error), LONGEST_LINE)
    return f"A fault of ours ({type(error).__name__} at {place_of(error)}). The next sync does what this one did not."
