"""The snapshot is complete at all times, has the history, and is never written under a reader."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import duckdb
import pytest

from roster_pipeline.errors import SnapshotBusy, SnapshotUnwritable
from roster_pipeline.settings import read_settings
from roster_pipeline.snapshot import has_news, renew
from roster_pipeline_tests.support.interruptions import disk_full_at
from roster_pipeline_tests.support.parquet import read_parquet
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, published
from roster_pipeline_tests.support.snapshots import NAMES, VIEWS, read
from roster_pipeline_tests.support.stages import leave_snapshot

MUCH = 4_000_000
"""Bytes, more than the file of a small district grows by."""


def test_snapshot_has_every_table_with_history(valley, publish, product, identified):
    publish(valley)
    shown = {name for (name,) in read(identified, "select table_name from information_schema.tables")}
    assert shown == {*NAMES, *(f"{name}_history" for name in NAMES), *VIEWS}
    for name in NAMES:
        assert read(identified, f"select distinct district_id from {name}") == [(valley.id,)]
        columns = {column for (column, *_) in read(identified, f"describe {name}_history")}
        assert {"district_id", "valid_from", "valid_to", "sync_id"} <= columns
    found = published(product, valley.id)
    assert {key for (key,) in read(identified, "select clever_id from people")} == set(found.members)
    enrolled = read(identified, "select section_id, clever_id from enrollments where role = 'student'")
    assert set(enrolled) == found.students
    assert dict(read(identified, "select section_id, name from rosters")) == {
        key: row[1] for key, row in found.rosters.items()
    }


def test_full_disk_leaves_the_snapshot_old_or_complete(valley, known_publish, quick_sync, product, latest):
    known_publish(valley)
    for school in list(valley.resources["schools"].values()):
        valley.put("schools", school | {"name": "Renamed"})
    quick_sync(valley)
    before = latest.read_bytes()
    outcomes = []
    for more in range(0, MUCH, MUCH // 16):
        latest.write_bytes(before)
        try:
            with disk_full_at(len(before) + more - MUCH // 2):
                leave_snapshot(read_settings(), product)
        except SnapshotUnwritable:
            assert latest.read_bytes() == before or read(latest, "select distinct name from schools") == [("Renamed",)]
            outcomes.append("failed")
        else:
            assert read(latest, "select distinct name from schools") == [("Renamed",)]
            outcomes.append("written")
    assert set(outcomes) == {"failed", "written"}


def test_history_dates_each_change(valley, publish, known_publish, latest):
    known_publish(valley)
    sections = valley.resources["sections"]
    keys = sorted(sections, key=lambda key: len(sections[key]["students"]))
    section = valley.get("sections", keys[0])
    valley.put("sections", section | {"name": "Newer name"})
    valley.remove("sections", keys[1])
    publish(valley)
    history = "select name, valid_from, valid_to, sync_id from rosters_history where section_id = ? order by valid_from"
    (old, since, until, first), (new, new_since, new_until, second) = read(latest, history, keys[0])
    assert (old, new, until, new_until) == (section["name"], "Newer name", new_since, None)
    assert since < until
    assert first < second
    ((_, _, gone_at, _),) = read(latest, history, keys[1])
    assert gone_at == new_since
    assert read(latest, "select count(*) from rosters where section_id = ?", keys[1]) == [(0,)]
    untouched = "select count(*) from rosters_history where valid_from = ?"
    assert read(latest, untouched, new_since) == [(1,)]


def test_rows_are_valid_from_the_end_of_their_sync(valley, publish, known_publish, product, identified):
    known_publish(valley)
    people = set(published(product, valley.id).members)
    valley.remove("users", users_of(valley, "student")[0])
    publish(valley)
    left = set(published(product, valley.id).members)
    ends = "select s.finished_at = p.valid_from from people_history as p join syncs as s on s.id = p.sync_id"
    assert set(read(identified, ends)) == {(True,)}
    as_of = "select clever_id from people_as_of((select finished_at from syncs where id = (select {}(id) from syncs)))"
    assert {key for (key,) in read(identified, as_of.format("min"))} == people
    assert {key for (key,) in read(identified, as_of.format("max"))} == left
    assert read(identified, "select count(*) from people_as_of('2000-01-01')") == [(0,)]
    leavers = "select clever_id, is_first_load from movers join people_history using (person_id) where move = 'left'"
    assert read(identified, leavers) == [(key, False) for key in people - left]


def test_students_have_the_schools_that_clever_shares(valley, known_publish, identified):
    known_publish(valley)
    users = valley.resources["users"]
    shared = {key: set(users[key]["roles"]["student"]["schools"]) for key in users_of(valley, "student")}
    schools = "select clever_id, list(school_id) from school_memberships where role = 'student' group by clever_id"
    assert {key: set(ids) for key, ids in read(identified, schools)} == shared


def test_person_whose_membership_had_ended_leaves(valley, publish, known_publish, product, identified):
    known_publish(valley)
    key = users_of(valley, "student")[0]
    of_person = "account_id = (select account_id from roster.identity_links where clever_id = :key)"
    statement = f"update roster.org_memberships set ended_at = now() where {of_person}"
    execute(product, statement, as_sync=True, key=key)  # in no journal
    valley.remove("users", key)
    publish(valley)
    assert read(identified, "select count(*) from people where clever_id = ?", key) == [(0,)]


def test_unchanged_feed_adds_only_the_sync(valley, publish, known_publish, latest):
    known_publish(valley)
    counts = "select (select count(*) from people_history), (select count(*) from enrollments_history)"
    before = read(latest, counts)
    publish(valley)
    assert read(latest, counts) == before
    assert read(latest, "select count(*) from syncs") == [(2,)]


def test_sync_of_one_district_keeps_the_rows_of_the_other(valley, hamlet, publish, known_publish, latest):
    known_publish(valley)
    known_publish(hamlet)
    ours = "select * from people_history where district_id = ? order by all"
    before = read(latest, ours, valley.id)
    hamlet.remove("users", users_of(hamlet, "student")[0])
    publish(hamlet)
    assert read(latest, ours, valley.id) == before
    assert read(latest, "select count(distinct district_id) from people") == [(2,)]


def test_open_reader_keeps_its_version(valley, publish, known_publish, latest):
    known_publish(valley)
    valley.put("sections", valley.get("sections", valley.resources["sections"].ids()[0]) | {"name": "Newer name"})
    newer = "select count(*) from rosters where name = 'Newer name'"
    with duckdb.connect(latest, read_only=True) as reader:
        file = latest.stat().st_ino
        publish(valley)
        assert reader.execute(newer).fetchall() == [(0,)]
    assert latest.stat().st_ino != file
    assert read(latest, newer) == [(1,)]


def test_snapshot_is_complete_at_every_moment(valley, publish, known_publish, latest):
    known_publish(valley)
    people = read(latest, "select count(*) from people")
    done, seen, failures = threading.Event(), set(), []

    def look():
        while not done.is_set():
            try:
                seen.add(tuple(read(os.fspath(latest), "select count(*) from people")))
            except duckdb.Error as error:
                failures.append(str(error))
            time.sleep(0.02)

    looking = threading.Thread(target=look)
    looking.start()
    for name in ("One", "Two"):
        valley.put("sections", valley.get("sections", valley.resources["sections"].ids()[0]) | {"name": name})
        publish(valley)
    done.set()
    looking.join()
    assert (failures, seen) == ([], {tuple(people)})
    assert sorted(path.name for path in latest.parent.iterdir() if path.suffix == ".duckdb") == ["latest.duckdb"]


def test_snapshot_is_private_until_the_operator_opens_it(valley, publish, known_publish, latest):
    known_publish(valley)
    assert latest.parent.stat().st_mode & 0o077 == 0
    latest.chmod(0o640)
    publish(valley)
    assert latest.stat().st_mode & 0o777 == 0o640


def test_failed_pass_keeps_the_last_snapshot(valley, quick_sync, known_publish, product, latest, monkeypatch):
    known_publish(valley)
    before = read(latest, "select * from syncs")
    quick_sync(valley)
    monkeypatch.setattr(renew, "write_rows", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        leave_snapshot(read_settings(), product)
    names = {path.name for path in latest.parent.iterdir()}
    assert names == {"latest.duckdb", "identified", ".lock", "parquet"}
    assert read(latest, "select * from syncs") == before


def test_one_pass_brings_in_every_district(valley, hamlet, quick_sync, known_publish, product, latest):
    known_publish(valley)
    quick_sync(hamlet)
    quick_sync(valley)
    assert has_news(read_settings(), product)
    one_pass = leave_snapshot(read_settings(), product)
    assert len(one_pass.organization_ids) == 2
    assert read(latest, "select district_id, count(*) from syncs group by all order by all") == sorted(
        [(valley.id, 2), (hamlet.id, 1)]
    )
    people = read_parquet(latest.parent / "parquet", "people_history")
    assert sorted(people) == sorted(read(latest, "select district_id, valid_from from people_history"))
    assert not has_news(read_settings(), product)
    file = latest.stat().st_ino
    assert leave_snapshot(read_settings(), product).organization_ids == ()
    assert latest.stat().st_ino == file


def test_pass_waits_for_the_other_before_its_view(valley, quick_sync, known_publish, product, latest, monkeypatch):
    known_publish(valley)
    with ThreadPoolExecutor(1) as pool:
        with renew._locked(latest.parent):
            waiting = pool.submit(leave_snapshot, read_settings(), product)
            time.sleep(0.5)
            quick_sync(valley)
        assert len(waiting.result(timeout=60).organization_ids) == 1
    monkeypatch.setattr(renew, "LOCK_SECONDS", 0.1)
    with ThreadPoolExecutor(1) as pool, renew._locked(latest.parent), pytest.raises(SnapshotBusy):
        pool.submit(leave_snapshot, read_settings(), product).result(timeout=60)
