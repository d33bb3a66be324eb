"""Registers the commands, and turns each error into one line and its exit code."""

from __future__ import annotations

import io
import logging
import sys
from importlib.metadata import version
from typing import Annotated

import typer
from typer.main import get_group

from roster_pipeline.cli import (
    admins,
    connect,
    corrections,
    districts,
    doctor,
    export,
    forget,
    holds,
    keys,
    limits,
    local,
    preflight,
    requests,
    resolve,
    retention,
    reviews,
    sessions,
    status,
    sync,
    web,
    why,
)
from roster_pipeline.cli.help import with_plain_help
from roster_pipeline.cli.screen import WarningHandler, complain, say, show_json
from roster_pipeline.errors import CannotStart, RosterError, is_interruption, place_of
from roster_pipeline.messages import operator
from roster_pipeline.product import database

INTERRUPTED = 130
WARNINGS = WarningHandler()
WARNING_LOGGERS = (database.__name__, "roster_pipeline.extract")
"""The loggers whose warnings are for an operator."""
app = typer.Typer(
    name="roster-pipeline",
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (
    districts,
    connect,
    status,
    preflight,
    sync,
    requests,
    holds,
    limits,
    admins,
    sessions,
    reviews,
    resolve,
    corrections,
    why,
    forget,
    retention,
    keys,
    export,
    web,
    local,
    doctor,
):
    commands.register(app)


def _show_version(is_wanted: bool) -> None:  # noqa: FBT001 - typer hands the flag over
    if is_wanted:
        say(f"roster-pipeline {version('roster-pipeline')}")
        raise typer.Exit


Version = Annotated[
    bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
]


@app.callback()
def program(
    _version: Version = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Keeps a product's rosters equal to what school districts share through Clever."""


def main() -> None:
    """Run one command. A user sees no traceback, and no text of a foreign error, which could quote a row."""
    # Libraries log for the Dagster UI. Without a handler Python would print their records here.
    logging.getLogger().addHandler(logging.NullHandler())
    for name in WARNING_LOGGERS:
        logging.getLogger(name).addHandler(WARNINGS)
    _escape_unprintable_output()
    try:
        commands = with_plain_help(get_group(app))
        code = commands(sys.argv[1:] or ["--help"], standalone_mode=False)
        if code == INTERRUPTED:  # typer turns Ctrl-C into this
            raise KeyboardInterrupt
    except (KeyboardInterrupt, typer.Abort):
        code = _stopped()
    except Exception as error:  # noqa: BLE001 - the edge of the program
        code = _stopped() if is_interruption(error) else _failed(error)
    sys.exit(code if isinstance(code, int) else 0)


def _escape_unprintable_output() -> None:
    """Write the number of a character that the encoding of the terminal lacks, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _stopped() -> int:
    return _refuse(
        operator.text("Interrupted. No partial changes were made. Run it again at any time."),
        INTERRUPTED,
        "Interrupted",
    )


def _failed(error: Exception) -> int:
    if isinstance(error, RosterError):
        return _refuse(str(error), error.exit_code, type(error).__name__)
    if isinstance(error, typer.TyperException):
        message = " ".join(error.format_message().split())
        line = operator.text("{message} See roster-pipeline --help.", message=message)
        return _refuse(line, CannotStart.exit_code, "BadCall")
    line = operator.text(
        "Internal error ({error} at {place}). No partial changes were made. Please report this.",
        error=type(error).__name__,
        place=place_of(error),
    )
    return _refuse(line, RosterError.exit_code, "Fault")


def _refuse(line: str, code: int, kind: str) -> int:
    """Show an error: one line, or a JSON object if the command has --json."""
    if "--json" in sys.argv:
        show_json({"error": kind, "message": line, "exit_code": code})
    else:
        complain(line)
    return code
