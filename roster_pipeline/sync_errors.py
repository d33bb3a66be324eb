"""How a failed sync reads: one line that says what happened, what it means and what to do.

Errors of libraries can quote a row, and a row is about a child. Of those only the class and our own line are shown.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from roster_pipeline.damaged import disk_refusal
from roster_pipeline.errors import HomeUnwritable, RosterError, is_interruption, place_of
from roster_pipeline.model.text import LINE_MAX_CHARS, make_label


@contextmanager
def plain_errors() -> Iterator[None]:
    """Let errors of the stages pass, but name two kinds that reach us as errors of libraries.

    Raises:
        KeyboardInterrupt: the work was stopped, and the error only came of that.
        HomeUnwritable: the disk or a folder takes no file.
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
    """Return one line about an error, without the text of a library's error, which could quote a row."""
    if isinstance(error, RosterError):
        return make_label(str(error), LINE_MAX_CHARS)
    if refusal := disk_refusal(error):
        return str(HomeUnwritable(refusal))
    kind, place = type(error).__name__, place_of(error)
    return f"Internal error ({kind} at {place}). No partial changes were made. Please report this."
