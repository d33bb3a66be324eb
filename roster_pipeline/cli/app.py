"""Gathers the commands, and turns whatever goes wrong into one line and the exit code of its kind."""

from __future__ import annotations

import sys

import typer

from roster_pipeline.cli import districts, local, sync, waiting
from roster_pipeline.cli.screen import complain
from roster_pipeline.errors import CannotStart, RosterError, place_of

INTERRUPTED = 130
app = typer.Typer(
    name="roster-pipeline",
    help="Keeps a product's rosters equal to what school districts share through Clever.",
    add_completion=False,
    pretty_exceptions_enable=False,
)
for commands in (districts, sync, waiting, local):
    commands.register(app)


def main() -> None:
    """Run one command. No traceback reaches a user, and no text of an error that is not ours: it could quote a row."""
    try:
        code = app(sys.argv[1:] or ["--help"], standalone_mode=False)
    except RosterError as error:
        complain(str(error))
        code = error.exit_code
    except typer.TyperException as error:
        complain(f"{error.format_message()} See roster-pipeline --help.")
        code = CannotStart.exit_code
    except (KeyboardInterrupt, typer.Abort):
        complain("Interrupted. Nothing is half done; run the command again when you like.")
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the edge of the program
        complain(
            f"A fault of ours: {type(error).__name__} at {place_of(error)}. Nothing is half done; please report it."
        )
        code = RosterError.exit_code
    sys.exit(code if isinstance(code, int) else 0)
