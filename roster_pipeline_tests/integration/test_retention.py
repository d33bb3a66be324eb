"""Erases what is older than its retention period, and nothing else."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from roster_pipeline.cli.app import app
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.definitions import build_definitions
from roster_pipeline.defs.resources import Product
from roster_pipeline.errors import CorrectionRefused, FileDamaged
from roster_pipeline.instance.eraser import build_eraser
from roster_pipeline.privacy.export import export_person
from roster_pipeline.privacy.policy import read_policy
from roster_pipeline.privacy.retention import count_expired, erase_expired
from roster_pipeline.product.database import transaction
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import execute, query

SESSION = (
    "insert into roster.web_sessions (token_hash, login_kind, csrf, created_at, seen_at, fresh_at, expires_at) "
    "values (:key, 'google', 'c', now(), now(), now(), now() + cast(:days as int) * interval '1 day')"
)
AUDIT = "insert into roster.web_audit (at, act) values (now() - cast(:days as int) * interval '1 day', 'test')"


class LaterProduct(Product):
    """The product, some days later."""

    days: int

    def now(self):
        return datetime.now(UTC) + timedelta(days=self.days)


def eraser_in(days):
    return build_eraser(read_settings(), "operator", lambda: datetime.now(UTC) + timedelta(days=days))


@pytest.fixture
def gone(valley, known_sync):
    """Publish a district from which one student then leaves. Return the Clever id."""
    key = users_of(valley, "student")[0]
    known_sync(valley)
    leave(valley, key)
    known_sync(valley)
    return key


def test_nothing_expires_before_its_time(gone, product):
    execute(product, SESSION, key="a", days=1)
    eraser = eraser_in(29)
    assert set(erase_expired(eraser, read_policy(eraser.settings)).values()) == {0}
    assert query(product, "select count(*) from roster.erasures") == [(0,)]


def test_job_erases_what_has_expired(gone, product, instance, valley):
    people = query(product, "select count(*) from roster.accounts")[0][0]
    execute(product, SESSION, key="a", days=1)
    execute(product, AUDIT, days=1094 - 401)
    execute(product, AUDIT, days=1096 - 401)
    settings = read_settings()
    damaged = settings.districts_folder / f"{valley.id}.duckdb.damaged-20260101T000000000000Z"
    damaged.touch()
    leftover = settings.landing_folder / valley.id
    leftover.mkdir(parents=True, exist_ok=True)
    (leftover / "users.ndjson.zst").touch()
    os.utime(leftover, (0, 0))

    job = build_definitions({"product": LaterProduct(days=401)}).resolve_job_def("forget_on_time")
    assert job.execute_in_process(instance=instance).success

    assert query(product, "select count(*) from roster.accounts") == [(people - 1,)]
    assert query(product, "select count(*) from roster.changes") == [(0,)]
    assert query(product, "select count(*) from roster.web_sessions") == [(0,)]
    assert query(product, "select count(*) from roster.web_audit") == [(1,)]
    assert not damaged.exists()
    assert not leftover.exists()
    assert query(product, "select kind, state, requested_by from roster.erasures") == [("expired", "done", "retention")]


def test_undo_of_an_erased_journal_says_why(gone, product):
    eraser = eraser_in(401)
    policy = replace(read_policy(eraser.settings), people_who_left=10_000)
    with transaction(product) as pg:
        assert count_expired(pg, policy, eraser.now())["journal"] == 2
    assert erase_expired(eraser, policy)["journal"] == 2
    ((sync,),) = query(product, "select max(id) from roster.syncs")
    with transaction(product) as pg, pytest.raises(CorrectionRefused, match="Its journal was erased on"):
        undo_sync(pg, sync, datetime.now(UTC))


def test_stopped_batches_go_on_with_the_next_run(valley, known_sync, product, monkeypatch):
    monkeypatch.setattr("roster_pipeline.privacy.retention.PEOPLE_BATCH", 1)
    known_sync(valley)
    for key in users_of(valley, "student")[:2]:
        leave(valley, key)
    known_sync(valley)
    eraser = eraser_in(401)
    calls = []

    def stop_second(pg, before, limit):
        calls.append(limit)
        if calls.count(1) == 2:
            raise KeyboardInterrupt
        return find(pg, before, limit)

    from roster_pipeline.privacy import retention

    find = retention.find_expired
    with monkeypatch.context() as patch:
        patch.setattr(retention, "find_expired", stop_second)
        with pytest.raises(KeyboardInterrupt):
            erase_expired(eraser, read_policy(eraser.settings))
    assert query(product, "select state from roster.erasures") == [("files",)]
    assert erase_expired(eraser, read_policy(eraser.settings))["people_who_left"] == 1
    assert query(product, "select distinct state, work from roster.erasures") == [("done", None)]


def test_periods_end_although_an_erasure_cannot_be_finished(gone, product, monkeypatch):
    def refuse(*_arguments, **_named):
        raise FileDamaged(Path("latest.duckdb"), "It")

    eraser = eraser_in(401)
    execute(product, SESSION, key="a", days=1)
    with monkeypatch.context() as patch:
        patch.setattr("roster_pipeline.privacy.forget.rewrite_server_files", refuse)
        with pytest.raises(FileDamaged):
            erase_expired(eraser, read_policy(eraser.settings))
    assert query(product, "select count(*) from roster.web_sessions") == [(0,)]
    assert query(product, "select count(*) from roster.changes") == [(0,)]


def test_snapshot_that_cannot_be_rewritten_is_removed(gone, product, monkeypatch):
    def refuse(*_arguments, **_named):
        raise FileDamaged(Path("latest.duckdb"), "It")

    eraser = eraser_in(401)
    folder = eraser.settings.snapshots_folder
    (folder / "identified").mkdir(parents=True, exist_ok=True)
    for file in (folder / "latest.duckdb", folder / "identified" / "latest.duckdb"):
        file.touch()
    monkeypatch.setattr("roster_pipeline.privacy.stores.snapshots.rebuild_snapshot", refuse)
    erase_expired(eraser, replace(read_policy(eraser.settings), people_who_left=10_000))
    assert [file for file in folder.rglob("*.duckdb") if file.is_file()] == []


def test_export_holds_every_row_about_a_person(valley, known_sync, product, tmp_path):
    key = users_of(valley, "student")[0]
    known_sync(valley)
    file = tmp_path / "person.json"
    done = CliRunner().invoke(app, ["export", "person", "--person", key, "--out", str(file)])
    assert done.exit_code == 0
    tables = {(table["store"], table["table"]): table for table in json.loads(file.read_text())["tables"]}
    account = tables["PostgreSQL", "accounts"]
    assert account["rows"][0]["first_name"] == valley.get("users", key)["name"]["first"]
    assert account["columns"]["first_name"].startswith("The first name")
    assert {"identity_links", "org_memberships", "changes"} <= {table for _, table in tables}
    assert any(store.startswith("districts/") for store, _ in tables)
    assert file.stat().st_mode & 0o777 == 0o600
    with transaction(product) as pg:
        assert export_person(read_settings(), pg, key, by="operator", at=datetime.now(UTC))["clever_ids"] == [key]
