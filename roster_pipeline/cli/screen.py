"""How answers look: tables and bars for people, JSON for machines. Complaints go to stderr, one line each."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

AsJson = Annotated[bool, typer.Option("--json", help="Answer in JSON, for machines.")]
out = Console()
err = Console(stderr=True)


def complain(line: str) -> None:
    err.print(Text(line, style="red"), soft_wrap=True)


def say(line: str) -> None:
    out.print(Text(line), soft_wrap=True)


def show_json(value: Any) -> None:
    typer.echo(json.dumps(value, indent=2, default=str, ensure_ascii=False))


def show_table(title: str | None, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table of plain text: nothing in a cell is taken for markup, as cells can hold a district's own words."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", justify="left" if place == 0 or title else "right")
    for row in rows:
        table.add_row(*(Text("-" if cell is None else str(cell)) for cell in row))
    out.print(table)
