"""Writes files of people that a spreadsheet can open safely and that only their owner may read."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from unicodedata import normalize

BOM = "\ufeff"
"""Without this mark Excel reads UTF-8 as the code page of the country, and garbles every accent."""
OPENS_A_FORMULA = frozenset("=+-@")
OPENS_A_CELL = ("\t", "\r", "\n")
"""Spreadsheets start a new cell after these characters."""


def as_csv(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Return rows as CSV with headings and quoted cells. An apostrophe precedes a cell that would be a formula."""
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(column.replace("_", " ").capitalize() for column in columns)
    writer.writerows([_harmless(row[column]) for column in columns] for row in rows)
    return BOM + text.getvalue()


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
