"""Damage a DuckDB file in every way that the tests know."""

import duckdb
import pytest


def damage(file, kind):
    """Damage a copy of the file `sound` in one of the ways that disks, people and other programs do."""
    if kind == "a folder in its place":
        file.unlink()
        file.mkdir()
        (file / "note.txt").write_text("a note")
    elif kind == "text":
        file.write_text("this is the block at location 17 of no database\n" * 1000)
    elif kind == "a folder in place of its log":
        file.with_name(f"{file.name}.wal").mkdir()
    else:
        content = bytearray(file.read_bytes())
        changed = {
            "a zeroed header": bytes(4096) + content[4096:],
            "cut in half": content[: len(content) // 2],
            "cut in the header": content[:100],
            "empty": b"",
            "every page flipped": content[:12288] + bytes(byte ^ 0xFF for byte in content[12288:]),
        }
        file.write_bytes(changed[kind])


KINDS = (
    *("a zeroed header", "every page flipped", "cut in half", "cut in the header", "empty", "text"),
    *("a folder in its place", "a folder in place of its log"),
)


@pytest.fixture
def file(tmp_path):
    """Create an undamaged DuckDB file with a table of several blocks."""
    file = tmp_path / "some.duckdb"
    with duckdb.connect(file) as con:
        con.execute("create table numbers as select range as number, md5(range::varchar) as digest from range(200000)")
    return file
