"""Gathers the commands, and turns whatever goes wrong into one line and the exit code of its kind."""

from __future__ import annotations

import io
import logging
import sys
from importlib.metadata import version
from typing import Annotated

import typer
from typer.main import get_group

from roster_pipeline.cli import (
    connect,
    corrections,
    districts,
    holds,
    local,
    preflight,
    requests,
    resolve,
    reviews,
    status,
    sync,
    why,
)
from roster_pipeline.cli.help import with_plain_help
from roster_pipeline.cli.screen import Complaints, complain, say, show_json
from roster_pipeline.errors import CannotStart, RosterError, is_interruption, place_of
from roster_pipeline.product import database

INTERRUPTED = 130
COMPLAINTS = Complaints()
SPEAKING = (database.__name__, "roster_pipeline.extract")
"""The loggers that have something to say to an operator."""
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
    reviews,
    resolve,
    corrections,
    why,
    local,
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
    """Run one command. No traceback reaches a user, and no text of an error that is not ours: it could quote a row."""
    # What libraries log is for the Dagster UI; without a handler Python would print it here.
    logging.getLogger().addHandler(logging.NullHandler())
    for name in SPEAKING:
        logging.getLogger(name).addHandler(COMPLAINTS)
    _write_what_the_terminal_can_show()
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


def _write_what_the_terminal_can_show() -> None:
    """Write a character that the encoding of the terminal does not have as its number, instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _stopped() -> int:
    return _refuse("Interrupted. Nothing is half done; run it again when you like.", INTERRUPTED, "Interrupted")


def _failed(error: Exception) -> int:
    if isinstance(error, RosterError):
        return _refuse(str(error), error.exit_code, type(error).__name__)
    if isinstance(error, typer.TyperException):
        said = " ".join(error.format_message().split())
        return _refuse(f"{said} See roster-pipeline --help.", CannotStart.exit_code, "BadCall")
    line = f"A fault of ours: {type(error).__name__} at {place_of(error)}. Nothing is half done; report it."
    return _refuse(line, RosterError.exit_code, "Fault")


def _refuse(line: str, code: int, kind: str) -> int:
    """The line for a person, and for a machine that asked for JSON an object."""
    if "--json" in sys.argv:
        show_json({"error": kind, "message": line, "exit_code": code})
    else:
        complain(line)
    return code
