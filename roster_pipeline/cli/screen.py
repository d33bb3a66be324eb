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


def plain(line: str, style: str = "") -> Text:
    """Text that a terminal only shows: names come from districts, and may hold what it would obey."""
    signs = (sign if sign.isprintable() or sign == "\n" else f"\\u{ord(sign):04x}" for sign in line)
    return Text("".join(signs), style=style)


def complain(line: str) -> None:
    err.print(plain(line, "red"), soft_wrap=True)


class Complaints(logging.Handler):
    """Shows a warning of the program's own on stderr, one line each."""

    def emit(self, record: logging.LogRecord) -> None:
        complain(record.getMessage())


def say(line: str) -> None:
    out.print(plain(line), soft_wrap=True)


def show_json(value: Any) -> None:
    """ASCII only: JSON's own escapes keep what a terminal would obey out of it, and lose nothing."""
    typer.echo(json.dumps(value, indent=2, default=_as_text))


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def show_table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table of plain text: nothing in a cell is taken for markup, as cells can hold a district's own words."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", justify="left" if place == 0 or title else "right")
    for row in rows:
        table.add_row(*(plain("-" if cell is None else str(cell)) for cell in row))
    out.print(table)
