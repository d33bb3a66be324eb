"""Files of people for whoever opens them in a spreadsheet: harmless cells, whole files, for their owner alone."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from io import StringIO
from pathlib import Path
from tempfile import NamedTemporaryFile
from unicodedata import normalize

BOM = "\ufeff"
"""Without it Excel reads UTF-8 as the code page of the country, and garbles every accent."""
OPENS_A_FORMULA = frozenset("=+-@")
OPENS_A_CELL = ("\t", "\r", "\n")
"""Spreadsheets take what follows for a cell of its own."""


def as_csv(rows: Sequence[Mapping[str, object]], columns: Sequence[str]) -> str:
    """Rows as CSV with headings, every cell quoted; one that a spreadsheet would compute begins with an apostrophe."""
    text = StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(column.replace("_", " ").capitalize() for column in columns)
    writer.writerows([_harmless(row[column]) for column in columns] for row in rows)
    return BOM + text.getvalue()


def write_privately(file: Path, text: str) -> None:
    """Swap in a whole file that only its owner may read (0600).

    Raises:
        OSError: it cannot be written; a file that was there stays as it was.
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
    """A cell as text, so that no spreadsheet takes it for a formula: not after blanks, and not in full-width signs."""
    text = "" if cell is None else str(cell)
    first = next((one for one in text if one.isprintable() and not one.isspace()), "")
    if normalize("NFKC", first) in OPENS_A_FORMULA or text.startswith(OPENS_A_CELL):
        return f"'{text}"
    return text
