"""A sync that a person stops is canceled and not failed, and a batch does not continue after it."""

import os
import signal
from threading import Timer

import dagster as dg
import duckdb
import pytest

from roster_pipeline.defs.failures import as_failure
from roster_pipeline.errors import ProductUnusable, is_interruption

SECONDS_OF_WORK = "select sum(hash(range)) from range(400_000_000)"


@pytest.fixture
def interruptible():
    """Let Ctrl-C raise KeyboardInterrupt. A run of Dagster in an earlier test may have left a handler of its own."""
    earlier = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, earlier)


@pytest.fixture
def stopped_while(interruptible):
    """Sends the signal of Ctrl-C to this process while something works."""

    def work(do):
        timer = Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        try:
            do()
        finally:
            timer.join()

    return work


def interrupt_query(stopped_while):
    """Return the error of DuckDB for a query that Ctrl-C interrupts.

    DuckDB looks for signals between the tasks of the calling thread. With one thread these tasks are short.
    """
    with duckdb.connect(config={"threads": 1}) as con, pytest.raises(RuntimeError) as interrupted:
        stopped_while(lambda: con.execute(SECONDS_OF_WORK))
    return interrupted.value


def test_interrupt_while_duckdb_works_is_no_failure(stopped_while):
    error = interrupt_query(stopped_while)
    with pytest.raises(KeyboardInterrupt), as_failure():
        raise error


def test_interrupt_with_a_failing_cleanup_is_no_failure():
    def interrupted():
        try:
            raise KeyboardInterrupt
        finally:
            raise ProductUnusable("The transaction could not be rolled back.")

    with pytest.raises(KeyboardInterrupt), as_failure():
        interrupted()


@pytest.mark.parametrize("error", [RuntimeError("of another kind"), ProductUnusable("Away."), ValueError("odd")])
def test_error_of_another_cause_is_a_failure(error):
    assert not is_interruption(error)
    with pytest.raises(dg.Failure), as_failure():
        raise error


def test_error_while_another_is_handled_is_a_failure():
    def fails():
        try:
            raise ValueError("first")
        except ValueError as first:
            raise RuntimeError("second") from first

    with pytest.raises(dg.Failure, match="Internal error"), as_failure():
        fails()
