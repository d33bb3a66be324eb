"""A product database is restored from a backup, while the files of the machine are newer."""

from contextlib import nullcontext
from datetime import UTC, datetime
from functools import partial
from unittest.mock import Mock

import duckdb
import pytest

from roster_pipeline import pipeline, sync_context
from roster_pipeline.errors import PlanStale
from roster_pipeline.explain.report import Evidence, explain_person
from roster_pipeline.ingest import ingest_district
from roster_pipeline.land import open_warehouse, read_land_result
from roster_pipeline.plan.build import load_verified_plan
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.pseudonyms.key_records import open_keys
from roster_pipeline.sandbox.data.school_day import school_days
from roster_pipeline.settings import read_settings
from roster_pipeline.snapshot import LATEST, write_snapshot
from roster_pipeline.syncs.lifecycle import SyncReport, begin_sync, finish_sync
from roster_pipeline_tests.support.readers import difference, published, query
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.server import execute_apart
from roster_pipeline_tests.support.snapshots import rows

MODES = "select id, mode, mode_reason from roster.syncs order by id"


@pytest.fixture
def backup(product, server_url, environment):
    """Takes a backup of the product's database when called; what it returns puts the database back to that."""
    taken = []

    def disconnect():
        # PostgreSQL copies no database that has sessions, and the pass has an engine of its own.
        for engine in (product, open_product(read_settings())):
            engine.dispose()

    def back_up():
        name = f"{product.url.database}_backup"
        disconnect()
        execute_apart(server_url, f'create database "{name}" template "{product.url.database}"')
        taken.append(name)

        def restore():
            disconnect()
            execute_apart(server_url, f'drop database "{product.url.database}" with (force)')
            execute_apart(server_url, f'create database "{product.url.database}" template "{name}"')

        return restore

    yield back_up
    for name in taken:
        execute_apart(server_url, f'drop database "{name}" with (force)')


def is_snapshot_right(product, folder):
    """Whether the analysts' file has what one has that is made from the product alone."""
    with transaction(product, one_view=True) as pg:
        write_snapshot(pg, folder, open_keys(read_settings()).values(), at=datetime.now(UTC))
    return rows(read_settings().snapshots_folder, "_history") == rows(folder, "_history")


def test_repeated_sync_numbers_after_a_restore_are_read_in_full(quick_sync, product, valley, backup, tmp_path):
    quick_sync(valley, snapshot=True)
    before, restore = expect(valley), backup()
    school_days(valley, 2)
    lost = quick_sync(valley, mode="auto", snapshot=True)
    assert lost.total > 0
    restore()
    again = quick_sync(valley, mode="auto", snapshot=True)

    assert again.sync_id == lost.sync_id
    assert query(product, MODES)[-1][1:] == ("full", "the last sync of this district ran on another machine")
    assert difference(expect(valley, before), published(product, valley.id)) == {}
    assert is_snapshot_right(product, tmp_path)
    school_days(valley, 1)
    quick_sync(valley, mode="auto", snapshot=True)
    assert query(product, MODES)[-1][1] == "delta"
    assert is_snapshot_right(product, tmp_path / "later")


def test_snapshot_drops_rows_of_a_sync_lost_by_a_restore(quick_sync, product, valley, backup, tmp_path, monkeypatch):
    quick_sync(valley, snapshot=True)
    school_days(valley, 2)
    taken = []

    def read(connection, session, request):
        taken.append(backup())
        return ingest_district(connection, session, request)

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "ingest_district", read)
        # PostgreSQL copies no database that a session is connected to, and the lock is held by a session.
        patched.setattr(sync_context, "district_lock", lambda *_, **__: nullcontext(Mock()))
        quick_sync(valley, mode="auto", snapshot=True)
    taken[0]()
    quick_sync(valley, mode="auto", snapshot=True)
    states = query(product, "select state from roster.syncs order by id")
    assert states == [("published",), ("failed",), ("published",)]
    assert is_snapshot_right(product, tmp_path)


def test_plan_of_a_lost_sync_is_not_published(quick_sync, known_sync, product, valley, backup):
    """The district's file still has the plan of the lost sync; a run that goes on from the plan must not write it."""
    known_sync(valley)
    restore = backup()
    school_days(valley, 2)
    lost = quick_sync(valley)
    restore()
    begun = {"dagster_run_id": "another", "mode": "full", "trigger": "cli", "at": datetime.now(UTC)}
    with transaction(product) as pg:
        assert begin_sync(pg, valley.id, **begun) == lost.sync_id
    with (
        open_warehouse(read_settings().districts_folder, valley.id) as con,
        pytest.raises(PlanStale, match="another one took its place"),
        transaction(product) as pg,
    ):
        finish_sync(pg, load_verified_plan(con), read_land_result(con).district, SyncReport(""), at=datetime.now(UTC))


def test_why_knows_neither_a_lost_plan_nor_its_successor(quick_sync, known_sync, product, valley, backup, monkeypatch):
    """The file says that a sync of this number read it, and holds a plan of this number; both may be the lost one's."""
    known_sync(valley)
    person, restore = valley.resources["users"].ids()[0], backup()
    school_days(valley, 2)
    quick_sync(valley)
    restore()
    evidence = Evidence(partial(transaction, product), read_settings().districts_folder, datetime.now(UTC))
    (chain,) = explain_person(evidence, person)
    assert "A sync that this database does not know" in next(one.says for one in chain.steps if one.name == "Read")
    monkeypatch.setattr(pipeline, "stage", lambda _sync: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        quick_sync(valley)
    (chain,) = explain_person(evidence, person)
    checked = next(one for one in chain.steps if one.name == "Checked")
    assert checked.says == "The sync ended before it checked the data."


def test_file_of_an_earlier_version_keeps_its_history(quick_sync, product, valley, tmp_path):
    quick_sync(valley, snapshot=True)
    latest = read_settings().snapshots_folder / LATEST
    with duckdb.connect(latest) as con:
        con.execute("drop view syncs; alter table syncs_history drop uid")
        con.execute("create view syncs as select * exclude (valid_from, valid_to, sync_id) from syncs_history")
        known = con.execute("select count(*) from people_history").fetchone()
    quick_sync(valley, snapshot=True)
    assert is_snapshot_right(product, tmp_path)
    with duckdb.connect(latest, read_only=True) as con:
        assert con.execute("select count(*) from people_history").fetchone() == known
        assert con.execute("select count(*) from syncs where uid is null").fetchone() == (0,)
