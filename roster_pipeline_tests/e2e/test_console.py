"""The console script in a process of its own: exit codes, output, and kill -9."""

import json
import os
import subprocess

import duckdb
import pytest
from filelock import FileLock

from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.console import begin_command
from roster_pipeline_tests.support.district import CLIENT_SECRET
from roster_pipeline_tests.support.readers import difference, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.scripts import (
    SCRIPT,
    complaint,
    script,  # noqa: F401 - fixtures
    wait_until,
)
from roster_pipeline_tests.support.stages import leave_snapshot


@pytest.fixture
def installed(environment, tmp_path):
    """Runs the script as it is installed, in an interpreter of its own."""

    def run(*arguments):
        return subprocess.run(
            [SCRIPT, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False
        )

    return run


def test_installed_command_publishes_and_exits_3_when_it_holds(valley, installed, script, product):
    ended = installed("sync", "--district", valley.id, "--json")
    assert ended.returncode == 0, ended.stderr
    (report,) = json.loads(ended.stdout)
    assert (report["district_id"], report["state"]) == (valley.id, "published")
    assert difference(expect(valley), published(product, valley.id)) == {}
    for key in [key for key, user in valley.resources["users"].items() if "student" in user["roles"]][:10]:
        valley.remove("users", key)
    assert script("sync", "--district", valley.id).returncode == 3


def test_revoked_token_exits_4_with_one_line(valley, script, product, clever):
    clever.go_wrong(("/v3.1/schools", 0, "401"))
    ended = script("sync", "--district", valley.id)
    assert ended.returncode == 4
    assert valley.id in complaint(ended)
    assert valley.token not in ended.stderr + ended.stdout
    assert CLIENT_SECRET not in ended.stderr + ended.stdout
    assert query(product, "select state from roster.syncs") == [("failed",)]


def test_unknown_district_exits_2_and_lists_the_connected(valley, script):
    ended = script("sync", "--district", "0" * 24)
    assert ended.returncode == 2
    assert valley.id in complaint(ended)


def test_district_hidden_by_clever_cannot_be_connected(valley, script):
    ended = script("connect", "0" * 24, "--tier", "secure_sync")
    assert ended.returncode == 2
    assert valley.id in complaint(ended)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ROSTER_CLEVER_CLIENT_SECRET", None),
        ("ROSTER_DATABASE_URL", "mysql://someone:hunter2-of-db@127.0.0.1/x"),
        ("ROSTER_CLEVER_API_VERSION", "v9"),
    ],
)
def test_wrong_setting_exits_2_and_is_named(valley, script, variable, value):
    changed = {} if value is None else {variable: value}
    ended = script("districts", without=() if value else (variable,), **changed)
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert variable in complaint(ended)
    assert "hunter2-of-db" not in ended.stderr


def test_unreachable_postgresql_exits_6_with_one_line(valley, script):
    ended = script(
        "sync", "--district", valley.id, ROSTER_DATABASE_URL="postgresql://someone:hunter2-of-db@127.0.0.1:1/none"
    )
    assert ended.returncode == 6
    assert ended.stderr.count("\n") == 1
    assert "ROSTER_DATABASE_URL" in complaint(ended)
    assert "hunter2-of-db" not in ended.stderr


def in_extract(_product, clever, killed):
    """While Clever is slow to answer."""
    clever.go_wrong(("/v3.1/sections", 0, "delay:30"))
    landing = read_settings().landing_folder
    killed(lambda: any(path.is_file() for path in landing.rglob("*.zst")))
    clever.go_wrong()


def in_publish(product, _clever, killed):
    """In the middle of the one transaction: the statement for rosters waits for a lock, accounts are written."""
    with product.begin() as pg:
        pg.exec_driver_sql("lock table roster.rosters in access exclusive mode")
        waiting = "select count(*) from pg_locks where not granted and relation = 'roster.rosters'::regclass"
        killed(lambda: query(product, waiting)[0][0])


def in_snapshot(product, _clever, killed):
    """After the commit, while the command waits for another pass over the snapshot."""
    folder = read_settings().snapshots_folder
    with FileLock(folder / ".lock"):
        killed(lambda: query(product, "select count(*) from roster.syncs where state = 'published'") == [(2,)])


@pytest.mark.parametrize("moment", [in_extract, in_publish, in_snapshot])
def test_killed_sync_leaves_nothing_after_the_next_sync(valley, sync, quick_sync, product, clever, tmp_path, moment):
    quick_sync(valley, snapshot=True)
    before = row_versions(product)
    for key in valley.resources["sections"].ids()[:2]:
        valley.put("sections", valley.get("sections", key) | {"name": "Changed since"})
    command = ["sync", "--mode", "full", "--district", valley.id]
    process = begin_command(command, os.environ, tmp_path, tmp_path / "stdout", tmp_path / "stderr")

    def killed(when):
        try:
            wait_until(when)
        finally:
            process.kill()
            process.join()

    moment(product, clever, killed)
    if moment is not in_snapshot:
        assert row_versions(product) == before
    assert sync(valley).exit_code == 0
    assert difference(expect(valley), published(product, valley.id)) == {}
    assert query(product, "select count(*) from roster.syncs where state = 'running'") == [(0,)]
    updates = "select count(*) from roster.changes where entity = 'rosters' and op = 'update'"
    assert query(product, updates) == [(2,)]
    leave_snapshot(read_settings(), product)
    assert _names_in_snapshot() == 2
    assert sorted(path.name for path in read_settings().landing_folder.rglob("*.zst")) == []


def _names_in_snapshot():
    with duckdb.connect(read_settings().snapshots_folder / "latest.duckdb", read_only=True) as con:
        return con.execute("select count(*) from rosters where name = 'Changed since'").fetchall()[0][0]
