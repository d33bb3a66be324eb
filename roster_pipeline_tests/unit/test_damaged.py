"""Damaged DuckDB files are recognized, distinguished from good ones, and moved aside."""

import subprocess
import sys
from datetime import UTC, datetime, timedelta

import duckdb
import pytest

from roster_pipeline.damaged import MAX_MOVED_FILES, as_damage, is_damage, is_in_use, move_aside, moved_aside
from roster_pipeline.errors import FileDamaged
from roster_pipeline_tests.support.damage import (
    KINDS,
    damage,
    file,  # noqa: F401 - fixtures
)

AT = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


def read(file, **options):
    with as_damage(file, "The file"), duckdb.connect(file, **options) as con:
        return con.execute("select count(*), max(digest) from numbers").fetchone()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("read_only", [False, True])
def test_damage_is_recognized_and_moved_aside(file, kind, read_only):
    damage(file, kind)
    with pytest.raises(FileDamaged) as refused:
        read(file, read_only=read_only)
    assert refused.value.file == file
    assert "\n" not in str(refused.value)
    aside = move_aside(file, AT)
    assert aside.name == "some.duckdb.damaged-20260304T050607000000Z"
    assert aside.stat().st_mode & 0o077 == 0
    assert [one for one in file.parent.iterdir() if one not in moved_aside(file)] == []


def test_page_damaged_after_opening_is_recognized(file):
    content = bytearray(file.read_bytes())
    with as_damage(file, "The file"), duckdb.connect(file) as con:
        with file.open("r+b") as written:
            written.write(content[:12288] + bytes(len(content) - 12288))
        with pytest.raises(duckdb.Error) as raised:
            con.execute("select count(*), max(digest) from numbers")
    assert is_damage(raised.value)


def test_sound_file_of_another_process_is_in_use(file):
    hold = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('held', flush=True); input()"
    call = [sys.executable, "-c", hold, str(file)]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with pytest.raises(duckdb.Error) as raised:
            read(file)
        other.communicate(b"\n")
    assert is_in_use(raised.value)
    assert not is_damage(raised.value)


def test_errors_of_statements_are_no_damage(file):
    with duckdb.connect(file) as con:
        for statement in ("from nothing", "selec 1", "select cast('x' as integer)", "insert into numbers values ('x')"):
            with pytest.raises(duckdb.Error) as raised:
                con.execute(statement)
            assert not is_damage(raised.value)
            assert not is_in_use(raised.value)


def test_newest_moved_files_stay_and_older_ones_go(file):
    for minute in range(MAX_MOVED_FILES + 2):
        file.write_text(f"damaged {minute}")
        file.with_name(f"{file.name}.wal").write_text("a log")
        move_aside(file, AT + timedelta(minutes=minute))
    kept = {one.name for one in moved_aside(file)}
    stems = [f"some.duckdb.damaged-20260304T05{minute:02}07000000Z" for minute in range(8, 6 + MAX_MOVED_FILES + 2)]
    assert kept == {*stems, *(f"{stem}.wal" for stem in stems)}


def test_missing_file_is_moved_aside_without_an_error(tmp_path):
    move_aside(tmp_path / "gone.duckdb", AT)
    assert list(tmp_path.iterdir()) == []
