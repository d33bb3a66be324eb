"""A district's file with large blocks is rebuilt with small ones at the next full read."""

from __future__ import annotations

import shutil

import duckdb
import pytest

from roster_pipeline.land import land, open_warehouse
from roster_pipeline.land.blocks import rebuild_with_usual_blocks
from roster_pipeline.land.session import WarehouseSession
from roster_pipeline.land.warehouse import BLOCK_BYTES, beginning_of, district_file
from roster_pipeline_tests.support.fake_clever import DISTRICT
from roster_pipeline_tests.support.landing import ANN, feed

LARGE_BLOCKS = 262_144


@pytest.fixture
def file(tmp_path):
    """Return the file of a district with one student, as an earlier version wrote it."""
    with open_warehouse(tmp_path, DISTRICT) as con:
        land(con, feed(tmp_path, ANN), 1)
    file, other = district_file(tmp_path, DISTRICT), tmp_path / "other.duckdb"
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{file}' AS small; ATTACH '{other}' AS large (BLOCK_SIZE {LARGE_BLOCKS})")
        con.execute("COPY FROM DATABASE small TO large")
    other.replace(file)
    return file


def rebuild(file):
    """Rebuild the file. Return what it holds afterwards: the size of its blocks, and the students."""
    with WarehouseSession(file.parent, DISTRICT) as session:
        rebuild_with_usual_blocks(session)
        with session.open() as con:
            (size,) = con.execute("SELECT block_size FROM pragma_database_size()").fetchone()
            return size, con.execute("FROM raw.students").fetchall()


def test_large_blocks_become_small_and_every_row_stays(file):
    with duckdb.connect(file) as con:
        students = con.execute("FROM raw.students").fetchall()
    before = file.stat().st_size
    assert rebuild(file) == (BLOCK_BYTES, students)
    assert file.stat().st_size < before / 4
    assert file.stat().st_mode & 0o777 == 0o600


def test_file_with_small_blocks_is_not_written_again(file):
    rebuild(file)
    number = file.stat().st_ino
    rebuild(file)
    assert file.stat().st_ino == number


def test_partial_copy_of_a_killed_process_is_replaced(file):
    shutil.copyfile(file, beginning_of(file))
    with beginning_of(file).open("r+b") as partial:
        partial.truncate(LARGE_BLOCKS)
    size, students = rebuild(file)
    assert (size, len(students)) == (BLOCK_BYTES, 1)
    assert not beginning_of(file).exists()
