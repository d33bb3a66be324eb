"""A snapshot that is damaged, or that an analyst opened for writing, stops no sync."""

import subprocess
import sys
from datetime import UTC, datetime

import dagster as dg
import duckdb
import pytest

from roster_pipeline.cli.sync import renew_after
from roster_pipeline.damaged import moved_aside
from roster_pipeline.definitions import defs
from roster_pipeline.errors import RosterError
from roster_pipeline.settings import read_settings
from roster_pipeline.snapshot import renew_snapshot
from roster_pipeline_tests.support.damage import KINDS, damage
from roster_pipeline_tests.support.snapshots import NAMES, read

ROWS = "select * from (select district_id, person_id, grade from people) order by all"
OPENED_FOR_WRITING = """
import sys, duckdb
con = duckdb.connect(sys.argv[1])
con.execute("create table mine as select 1 as one")
con.execute("delete from people_history")
print("open", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def write(product):
    """Makes a pass; returns the sentences that warn."""

    def written():
        warnings = []
        renew_snapshot(read_settings(), product, at=datetime.now(UTC), warn=warnings.append)
        return warnings

    return written


@pytest.fixture
def renew(instance):
    """Runs the job of a pass; returns the result of the run."""
    return lambda: defs.resolve_job_def("renew_snapshot").execute_in_process(instance=instance)


@pytest.fixture
def client(latest):
    """A program in which an analyst opened the file for writing, changed it, and left a log beside it."""
    command = [sys.executable, "-c", OPENED_FOR_WRITING, str(latest)]

    def begun():
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdout.readline() == b"open\n"
        begun.all.append(process)
        return process

    begun.all = []
    yield begun
    for process in begun.all:
        process.kill()
        process.communicate()


def test_damaged_snapshot_is_rebuilt_for_every_district(valley, hamlet, publish, latest, write):
    publish(hamlet)
    publish(valley)
    rows, syncs = read(latest, ROWS), read(latest, "select district_id, id, state from syncs order by all")
    for kind in (None, *KINDS):
        before = set(moved_aside(latest))
        if kind == "a folder in place of its log":  # it belongs to the old file, and goes with it
            damage(latest, kind)
            assert write() == []
            continue
        if kind:
            damage(latest, kind)
        else:
            latest.unlink()
        warnings = write()
        assert len(warnings) == bool(kind), kind
        assert all("history starts anew" in one and "\n" not in one for one in warnings)
        assert bool(set(moved_aside(latest)) - before) is bool(kind), kind
        assert read(latest, ROWS) == rows, kind
        assert read(latest, "select district_id, id, state from syncs order by all") == syncs, kind
    assert {district for district, *_ in rows} == {valley.id, hamlet.id}
    assert {path.stat().st_mode & 0o077 for path in latest.parent.iterdir()} == {0}


def test_snapshot_opens_after_a_client_died_while_writing(valley, publish, known_publish, latest, client):
    known_publish(valley)
    rows = read(latest, ROWS)
    log = latest.with_name("latest.duckdb.wal")
    died = client()
    died.kill()
    died.communicate()
    assert log.exists()
    publish(valley)
    assert not log.exists()
    assert read(latest, ROWS) == rows
    client()
    publish(valley)  # while the client has it open
    assert not log.exists()
    assert read(latest, ROWS) == rows


def test_damaged_snapshot_in_use_is_left_alone(valley, publish, latest, client, write):
    publish(valley)
    writer = client()
    with latest.open("r+b") as file:
        file.write(bytes(4096))
    before = latest.read_bytes()
    with pytest.raises(RosterError, match="open for writing in another process"):
        write()
    assert latest.read_bytes() == before
    writer.kill()
    writer.communicate()
    assert len(write()) == 1


def test_older_format_is_converted_once_with_its_history(valley, publish, known_publish, latest):
    known_publish(valley)
    valley.put("sections", valley.get("sections", valley.resources["sections"].ids()[0]) | {"name": "Newer name"})
    publish(valley)
    history = "select * from rosters_history order by all"
    expected, people = read(latest, history), read(latest, ROWS)
    older = latest.with_name("older")
    names = ("districts", "school_memberships")
    expected_added = [len(read(latest, f"from {name}")) for name in names]
    with duckdb.connect(older, config={"storage_compatibility_version": "v2.0.0"}) as con:
        con.execute(f"attach '{latest}' as now (read_only)")
        for name in set(NAMES) - {*names}:
            con.execute(f"create table {name}_history as from now.{name}_history")
        con.execute("alter table people_history drop column grade")
        con.execute("create view people as select * exclude (valid_from, valid_to, sync_id) from people_history")
    older.replace(latest)
    publish(valley)
    assert read(latest, history) == expected
    assert read(latest, ROWS) == people
    assert [len(read(latest, f"from {name}")) for name in names] == expected_added
    stored = "select tags['storage_version'] from duckdb_databases() where database_name = 'latest'"
    assert read(latest, stored)[0][0].startswith("v1.0.0")
    assert moved_aside(latest) == []


def test_run_and_command_report_a_restarted_history(valley, publish, latest, instance, renew, capsys):
    publish(valley)
    for by_command in (False, True, None):
        if by_command is not None:
            damage(latest, "text")
        capsys.readouterr()
        assert renew_after(read_settings()) == 0 if by_command else renew().success
        said = " ".join(capsys.readouterr().err.split())
        event = instance.get_latest_materialization_event(dg.AssetKey(["snapshots", "latest"]))
        noted = {key: value.value for key, value in event.asset_materialization.metadata.items()}
        assert ("history starts anew" in noted.get("warning", "")) is (by_command is not None)
        if by_command:
            assert "was damaged. It is moved aside" in said
        assert noted["people"] == len(read(latest, "from people"))
