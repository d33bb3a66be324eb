"""The command doctor checks what a sync needs, says what to do, and changes nothing."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from roster_pipeline.cli.app import app
from roster_pipeline.defs.launch import dagster_instance
from roster_pipeline.instance import doctor as checks
from roster_pipeline.instance.doctor import diagnose
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.server import execute_apart, named

EVERYTHING = ["settings", "versions", "disk", "database", "grants", "clock", "clever", "dagster"]
HEARTBEAT = "insert into roster_dagster.daemon_heartbeats (daemon_type, timestamp) values ('SENSOR', :at)"
SCHEMAS = "select nspname from pg_namespace where nspname like 'roster%'"
LIMITED = "limited_doctor"


def run():
    """Return the exit code, and the message of each check."""
    ended = CliRunner().invoke(app, ["doctor", "--json"], standalone_mode=False)
    return ended.return_value, {finding["subject"]: finding["message"] for finding in json.loads(ended.stdout)}


def find_wrong(later=timedelta()):
    """Return the checks that fail, with their exit codes, on a machine whose clock is that much ahead."""
    findings = diagnose(lambda: datetime.now(UTC) + later)
    wrong = [finding for finding in findings if finding.exit_code]
    assert not [finding.message for finding in wrong if "\n" in finding.message]
    return {finding.subject: finding.exit_code for finding in wrong}


def test_everything_works(valley, product):
    code, messages = run()
    assert (code, [*messages]) == (0, EVERYTHING), messages
    assert messages["clever"] == "Clever shows 1 district."
    assert "The tables are those of this version." in messages["database"]
    assert query(product, SCHEMAS) == [("roster",)]


def test_lines_begin_with_their_state(valley, monkeypatch):
    monkeypatch.delenv("ROSTER_CLEVER_CLIENT_SECRET")
    ended = CliRunner().invoke(app, ["doctor"], standalone_mode=False)
    states = {line.split()[1]: line.split()[0] for line in ended.stdout.splitlines()}
    assert ended.return_value == 2
    assert {name: state for name, state in states.items() if state != "ok"} == {"Clever": "wrong"}
    assert "Set it to the secret of your Clever app" in ended.stdout


def test_clever_that_does_not_answer_is_wrong(environment, clever, monkeypatch):
    monkeypatch.setenv("ROSTER_CLEVER_AUTH_URL", "http://127.0.0.1:9")
    assert find_wrong() == {"clever": 4}


def test_malformed_setting_ends_the_checks(environment, monkeypatch):
    monkeypatch.setenv("ROSTER_DATABASE_URL", "nonsense")
    code, messages = run()
    assert code == 2
    assert [*messages] == ["settings"]
    assert "ROSTER_DATABASE_URL is malformed" in messages["settings"]


def test_database_that_is_away_is_wrong(environment, monkeypatch):
    monkeypatch.setenv("ROSTER_DATABASE_URL", "postgresql://app:secret@127.0.0.1:9/app")
    assert find_wrong() == {"database": 6, "dagster": 6}


def test_database_without_tables_is_left_so(environment, server_url, monkeypatch):
    execute_apart(server_url, "create database for_doctor")
    url = named(server_url, "for_doctor").replace("+psycopg", "")
    monkeypatch.setenv("ROSTER_DATABASE_URL", url)
    try:
        assert "The next command creates the tables." in run()[1]["database"]
        engine = sa.create_engine(named(server_url, "for_doctor"))
        assert query(engine, SCHEMAS) == []
        engine.dispose()
    finally:
        execute_apart(server_url, "drop database for_doctor with (force)")


def test_missing_grants_are_named(environment, server_url, product, monkeypatch):
    execute(product, f"create role {LIMITED} login")
    execute(product, f"grant usage on schema roster to {LIMITED}; grant select on roster.alembic_version to {LIMITED}")
    url = sa.make_url(product.url).set(username=LIMITED, drivername="postgresql")
    monkeypatch.setenv("ROSTER_DATABASE_URL", url.render_as_string(hide_password=False))
    try:
        code, messages = run()
        assert code == 6
        assert "roster.accounts" in messages["grants"]
        assert "call roster.grant_access()" in messages["grants"]
    finally:
        execute(product, f"drop owned by {LIMITED}; drop role {LIMITED}")


def test_clock_that_is_ahead_is_wrong(environment):
    assert find_wrong(later=timedelta(minutes=6)) == {"clock": 2}


def test_full_disk_is_wrong(environment, monkeypatch):
    monkeypatch.setattr(checks, "MIN_FREE_GB", 10**9)
    assert find_wrong() == {"disk": 2}


def test_other_version_of_dagster_is_wrong(environment, monkeypatch):
    monkeypatch.setattr(checks, "requires", lambda _name: ["dagster==1.0.0"])
    assert find_wrong() == {"versions": 2}


@pytest.mark.parametrize(("minutes", "wrong"), [(1, {}), (10, {"daemon": 2})])
def test_daemon_that_has_stopped_is_wrong(environment, product, minutes, wrong):
    with dagster_instance(read_settings()):
        execute(product, HEARTBEAT, at=datetime.now(UTC).replace(tzinfo=None) - timedelta(minutes=minutes))
        assert find_wrong() == wrong


def test_unknown_version_of_dagsters_tables_is_wrong(environment, product):
    with dagster_instance(read_settings()):
        execute(product, "update roster_dagster.alembic_version set version_num = 'ffffffffffff'")
        assert find_wrong() == {"dagster": 2}
