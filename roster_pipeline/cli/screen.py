"""Prints answers: text and tables for people, JSON for machines. Warnings and errors go to stderr, one line each."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON.")]
out = Console()
err = Console(stderr=True)


def visible(text: str) -> str:
    """Return text as one line that a terminal shows without obeying it.

    Names come from districts and may hold control characters, line breaks or changes of the direction of writing. Each
    is written as its number.
    """
    return "".join(sign if sign.isprintable() else _number(sign) for sign in text)


def _number(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


def plain(lines: str | Sequence[str], style: str = "") -> Text:
    """Return text for printing, without control characters and without markup.

    Args:
        lines: one line, or several.
    """
    return Text("\n".join(map(visible, [lines] if isinstance(lines, str) else lines)), style=style)


def complain(line: str) -> None:
    """Print a warning or an error to stderr."""
    err.print(plain(line, "red"), soft_wrap=True)


class WarningHandler(logging.Handler):
    """Shows a logged warning on stderr."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(record.getMessage())


def say(*lines: str) -> None:
    """Print lines to stdout."""
    out.print(plain(lines), soft_wrap=True)


def show_json(value: Any) -> None:
    """Print a value as JSON in ASCII, so that its escapes keep control characters from the terminal."""
    typer.echo(json.dumps(value, indent=2, default=_as_text))


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def show_table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table of plain text. A cell that is a list has several lines."""
    table = Table(title=None if title is None else plain(title), title_justify="left", title_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", justify="left" if place == 0 or title else "right")
    for row in rows:
        table.add_row(*(_cell(cell) for cell in row))
    out.print(table)


def _cell(value: object) -> Text:
    if isinstance(value, list | tuple):
        return plain([str(line) for line in value])
    return plain("-" if value is None else str(value))
