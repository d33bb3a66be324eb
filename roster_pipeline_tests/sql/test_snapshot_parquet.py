"""The Parquet files of the snapshot: one state for each reader, and only changed files are written."""

import threading
from datetime import UTC, datetime, timedelta

import duckdb

from roster_pipeline.snapshot.parquet import BUCKETS, renew_parquet
from roster_pipeline_tests.support.parquet import read_school_names, write_latest

NOW = datetime(2026, 11, 28, tzinfo=UTC)
DISTRICTS, SWAPS = 100, 12


def files(folder):
    return {path.name for path in (folder / "parquet").glob("*.parquet")}


def test_only_files_with_changed_rows_are_written(tmp_path):
    write_latest(tmp_path, DISTRICTS, "Oak")
    first = renew_parquet(tmp_path, at=NOW)
    assert BUCKETS // 2 < first <= BUCKETS
    assert renew_parquet(tmp_path, at=NOW) == 0
    before = files(tmp_path)
    write_latest(tmp_path, DISTRICTS, "Oak", changed=7)
    assert renew_parquet(tmp_path, at=NOW) == 1
    assert len(files(tmp_path) - before) == 1
    assert read_school_names(tmp_path) == {"Oak": DISTRICTS - 1, "Changed": 1}


def test_old_files_stay_for_the_grace_period(tmp_path):
    write_latest(tmp_path, DISTRICTS, "Oak")
    renew_parquet(tmp_path, at=NOW)
    old = files(tmp_path)
    write_latest(tmp_path, DISTRICTS, "Elm")
    renew_parquet(tmp_path, at=NOW + timedelta(days=9))
    assert old < files(tmp_path)
    renew_parquet(tmp_path, at=NOW + timedelta(days=9, hours=23))
    assert old < files(tmp_path)
    renew_parquet(tmp_path, at=NOW + timedelta(days=10))
    assert not old & files(tmp_path)
    write_latest(tmp_path, DISTRICTS, "Ash")
    renew_parquet(tmp_path, at=NOW + timedelta(days=10), grace=timedelta())
    assert len(files(tmp_path)) <= BUCKETS


def test_files_are_their_owners_alone_and_nothing_is_left(tmp_path):
    tmp_path.chmod(0o700)
    write_latest(tmp_path, 3, "Oak")
    renew_parquet(tmp_path, at=NOW)
    assert {path.stat().st_mode & 0o077 for path in (tmp_path / "parquet").rglob("*")} == {0}
    assert {path.name for path in tmp_path.iterdir()} == {"latest.duckdb", "parquet"}


def test_reader_of_the_manifest_sees_one_state(tmp_path):
    write_latest(tmp_path, DISTRICTS, "State 0")
    renew_parquet(tmp_path, at=NOW)
    done, states = threading.Event(), []

    def look():
        while not done.is_set():
            try:
                states.append(read_school_names(tmp_path))
            except duckdb.Error as error:
                states.append({type(error).__name__: 0, "": 0})

    looking = threading.Thread(target=look)
    looking.start()
    for number in range(1, SWAPS):
        write_latest(tmp_path, DISTRICTS, f"State {number}")
        renew_parquet(tmp_path, at=NOW + timedelta(minutes=number))
    done.set()
    looking.join()
    assert {len(state) for state in states} == {1}
    assert {total for state in states for total in state.values()} == {DISTRICTS}
    assert len({name for state in states for name in state}) > 1
