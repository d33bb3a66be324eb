"""A preview works on a copy of the whole file, which only its owner can read and which is kept for a day."""

import os
from datetime import UTC, datetime, timedelta

import pytest

from roster_pipeline.land import open_warehouse
from roster_pipeline.land.preview import begin_preview, discard_previews
from roster_pipeline.land.warehouse import district_file

DISTRICT, OTHER = "58da8a43cc70ab00017a1a87", "58da8a43cc70ab00017a1a88"
NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@pytest.fixture
def file(tmp_path):
    """A district's file with a table."""
    with open_warehouse(tmp_path, DISTRICT) as con:
        con.execute("create table numbers as select range as number from range(1000)")
    return district_file(tmp_path, DISTRICT)


def test_what_is_written_to_the_copy_is_not_in_the_file(file):
    before = file.read_bytes()
    begin_preview(file.parent, DISTRICT)
    with open_warehouse(file.parent, DISTRICT, is_preview=True) as con:
        assert con.execute("select count(*) from numbers").fetchone() == (1000,)
        con.execute("drop table numbers")
    copy = district_file(file.parent, DISTRICT, is_preview=True)
    assert copy.name == f"{DISTRICT}.preview.duckdb"
    assert copy.stat().st_mode & 0o777 == 0o600
    assert file.read_bytes() == before
    begin_preview(file.parent, DISTRICT)
    with open_warehouse(file.parent, DISTRICT, is_preview=True) as con:
        assert con.execute("select count(*) from numbers").fetchone() == (1000,)


def test_preview_of_an_unsynced_district_creates_no_file_of_it(tmp_path):
    begin_preview(tmp_path, DISTRICT)
    with open_warehouse(tmp_path, DISTRICT, is_preview=True) as con:
        con.execute("create table numbers (number integer)")
    assert [one.name for one in tmp_path.iterdir()] == [f"{DISTRICT}.preview.duckdb"]


@pytest.mark.parametrize(
    ("age", "stays"),
    [
        (timedelta(hours=23), True),
        (timedelta(hours=25), False),
        (timedelta(minutes=-4), True),
        (timedelta(days=-400), False),  # a clock that ran ahead made it
    ],
)
def test_copies_are_removed_after_a_day_and_files_never(file, age, stays):
    for district_id in (DISTRICT, OTHER):
        begin_preview(file.parent, district_id)
        with open_warehouse(file.parent, district_id, is_preview=True):
            pass
    made_at = (NOW - age).timestamp()
    for one in file.parent.iterdir():
        os.utime(one, (made_at, made_at))
    discard_previews(file.parent, NOW)
    copies = [district_file(file.parent, one, is_preview=True).exists() for one in (DISTRICT, OTHER)]
    assert copies == [stays, stays]
    assert file.exists()
