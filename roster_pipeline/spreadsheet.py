"""Writes files of people that a spreadsheet can open safely and that only their owner may read."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TextIO
from unicodedata import normalize

BOM = "\ufeff"
"""Without this mark Excel reads UTF-8 as the code page of the country, and garbles every accent."""
OPENS_A_FORMULA = frozenset("=+-@")
OPENS_A_CELL = ("\t", "\r", "\n")
"""Spreadsheets start a new cell after these characters."""


def as_csv(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Return rows as CSV with headings and quoted cells. An apostrophe precedes a cell that would be a formula."""
    text = StringIO()
    headings = [column.replace("_", " ").capitalize() for column in columns]
    write_csv(text, headings, ([row[column] for column in columns] for row in rows))
    return text.getvalue()


def write_csv(file: TextIO, headings: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    """Write rows as CSV with quoted cells. An apostrophe precedes a cell that would be a formula.

    Args:
        file: a text file that writes each line end as it is (`newline=""`).
    """
    file.write(BOM)
    writer = csv.writer(file, quoting=csv.QUOTE_ALL)
    writer.writerow(headings)
    writer.writerows([_harmless(cell) for cell in row] for row in rows)


def write_privately(file: Path, text: str) -> None:
    """Write a file that only its owner may read (0600), and replace an earlier one in one step.

    Raises:
        OSError: the file cannot be written. An earlier file stays as it was.
    """
    with ExitStack() as undo:
        with NamedTemporaryFile(
            "w", dir=file.parent, prefix=f".{file.name}.", encoding="utf-8", newline="", delete=False
        ) as fresh:
            undo.callback(Path(fresh.name).unlink)
            fresh.write(text)
        Path(fresh.name).replace(file)
        undo.pop_all()


def _harmless(cell: object) -> str:
    """Return a cell as text that no spreadsheet takes for a formula, not even after blanks or in full-width signs."""
    text = "" if cell is None else str(cell)
    first = next((char for char in text if char.isprintable() and not char.isspace()), "")
    if normalize("NFKC", first) in OPENS_A_FORMULA or text.startswith(OPENS_A_CELL):
        return f"'{text}"
    return text
