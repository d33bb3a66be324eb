"""Describes the error of a failed sync in one line: what happened, what it means and what to do.

The message of a library's error can quote a row about a person. Only its class and the line of our code are shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from roster_pipeline.damaged import disk_refusal
from roster_pipeline.errors import HomeUnwritable, RosterError, is_interruption, place_of
from roster_pipeline.model.text import LINE_MAX_CHARS, make_label


@contextmanager
def plain_errors() -> Iterator[None]:
    """Replace two kinds of errors that libraries raise in the block. All other errors pass.

    Raises:
        KeyboardInterrupt: the block was interrupted, and the error is a consequence.
        HomeUnwritable: the disk is full, or a folder cannot be written.
    """
    try:
        yield
    except Exception as error:
        if is_interruption(error):
            raise KeyboardInterrupt from None
        if refusal := disk_refusal(error):
            raise HomeUnwritable(refusal) from None
        raise


def failure_line(error: Exception) -> str:
    """Return one line about an error. The message of a library's error is left out, because it could quote a row."""
    if isinstance(error, RosterError):
        return make_label(str(error), LINE_MAX_CHARS)
    if refusal := disk_refusal(error):
        return str(HomeUnwritable(refusal))
    kind, place = type(error).__name__, place_of(error)
    return f"Internal error ({kind} at {place}). No partial changes were made. Please report this."
