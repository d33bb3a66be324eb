"""How answers look: tables and bars for people, JSON for machines. Complaints go to stderr, one line each."""

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

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
out = Console()
err = Console(stderr=True)


def visible(text: str) -> str:
    """The text as one line in which nothing is hidden and which a terminal only shows.

    Names come from districts, and may hold what a terminal obeys: control characters, line breaks, changes of the
    direction of writing. Each is written as its number.
    """
    return "".join(sign if sign.isprintable() else _number(sign) for sign in text)


def _number(sign: str) -> str:
    return f"\\u{ord(sign):04x}" if ord(sign) < 0x10000 else f"\\U{ord(sign):08x}"


def plain(lines: str | Sequence[str], style: str = "") -> Text:
    """What is printed of text: `visible`, and nothing of it is taken for markup.

    Args:
        lines: one line, or several.
    """
    return Text("\n".join(map(visible, [lines] if isinstance(lines, str) else lines)), style=style)


def complain(line: str) -> None:
    err.print(plain(line, "red"), soft_wrap=True)


class Complaints(logging.Handler):
    """Shows a warning of the program's own on stderr, one line each."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(record.getMessage())


def say(*lines: str) -> None:
    out.print(plain(lines), soft_wrap=True)


def show_json(value: Any) -> None:
    """ASCII only: JSON's own escapes keep what a terminal would obey out of it, and lose nothing."""
    typer.echo(json.dumps(value, indent=2, default=_as_text))


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def show_table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table of plain text, as title and cells can hold a district's own words; a cell of several lines is a list."""
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
