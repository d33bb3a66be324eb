"""The settings of a session with PostgreSQL, whatever a role, a database or a URL sets, and refused servers."""

import os
import shutil
import socket
import subprocess
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from roster_pipeline.defs.launch import add_partition, dagster_instance, run_sync
from roster_pipeline.errors import CannotStart, EncodingRefused, LockLost, PoolerRefused, ServerReadOnly
from roster_pipeline.instance.dagster_schema import dagster_place
from roster_pipeline.product.database import connect, district_lock, transaction
from roster_pipeline.product.sessions import add_schema, check_server
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.interruptions import wait_until
from roster_pipeline_tests.support.poolers import pooler
from roster_pipeline_tests.support.readers import published, query
from roster_pipeline_tests.support.scripts import (
    complaint,
    script,  # noqa: F401 - fixtures
)
from roster_pipeline_tests.support.server import execute_apart, named

SETTING = "ROSTER_DATABASE_URL"
NAME, MOMENT = "Zoë 王 🎓", datetime(2026, 11, 3, 9, 15, tzinfo=UTC)
HOSTILE = {
    "datestyle": "'SQL, DMY'",
    "client_encoding": "'LATIN1'",
    "timezone": "'Asia/Tokyo'",
    "search_path": "nowhere",
    "standard_conforming_strings": "off",
    "statement_timeout": "'100ms'",
}
HOLDERS = """
    select held.pid from pg_locks as held inner join pg_database as own on own.oid = held.database
    where held.locktype = 'advisory' and held.granted and own.datname = current_database()
"""
END_OTHERS = """
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
"""


@pytest.fixture
def url(database_url):
    """The SQLAlchemy URL of the test's database."""
    return sa.make_url(database_url.replace("postgresql://", "postgresql+psycopg://"))


@pytest.fixture
def hostile(url, server_url):
    """The same, where the database says how sessions shall be, in every way that a sync cannot work with."""
    for name, value in HOSTILE.items():
        execute_apart(server_url, f"alter database {url.database} set {name} = {value}")
    return url


def text(url):
    return url.render_as_string(hide_password=False)


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_habits_of_a_database_do_not_change_values(hostile, driver):
    url = hostile.set(drivername=f"postgresql+{driver}")
    engine = connect(text(url)) if driver == "psycopg" else sa.create_engine(add_schema(text(url), "public"))
    with engine.connect() as pg:
        found = pg.execute(sa.text("select :name, :at, '\\', pg_sleep(0.3)::text"), {"name": NAME, "at": MOMENT})
        name, at, slash, _ = found.one()
    engine.dispose()
    assert (name, datetime.fromisoformat(str(at)), slash) == (NAME, MOMENT, "\\")


@pytest.mark.parametrize("driver", ["psycopg", "psycopg2"])
def test_options_of_the_url_are_kept(url, driver):
    url = url.set(drivername=f"postgresql+{driver}")
    url = url.update_query_dict({"options": "-c statement_timeout=77s -c work_mem=5MB", "application_name": "mine"})
    engine = connect(text(url)) if driver == "psycopg" else sa.create_engine(add_schema(text(url), "public"))
    shown = ("statement_timeout", "work_mem", "application_name", "TimeZone")
    with engine.connect() as pg:
        assert [pg.exec_driver_sql(f"show {name}").scalar() for name in shown] == ["77s", "5MB", "mine", "UTC"]
    engine.dispose()


def test_url_without_options_sends_none(url):
    with pooler(url) as running:
        address = url.set(host="127.0.0.1", port=running.listener.getsockname()[1], query={"sslmode": "disable"})
        for engine in (
            connect(text(address)),
            sa.create_engine(add_schema(text(address.set(drivername="postgresql+psycopg2")), "public")),
        ):
            with engine.connect() as pg:
                assert pg.exec_driver_sql("show timezone").scalar() == "UTC"
            engine.dispose()
    assert [set(one) - {"user", "database"} for one in running.parameters] == [set(), set()]


def test_pooler_in_transaction_mode_is_refused_in_one_line(url, script):
    with pooler(url) as running:
        address = url.set(
            drivername="postgresql", host="127.0.0.1", port=running.listener.getsockname()[1], password="hunter2"
        ).set(query={"sslmode": "disable"})
        ended = script("districts", ROSTER_DATABASE_URL=text(address))
    assert ended.returncode == CannotStart.exit_code
    assert ended.stderr.count("\n") == 1
    assert "Use the direct address" in complaint(ended)
    assert "hunter2" not in ended.stderr
    assert not [one for one in running.sent if b"set_config" in one or one.lower().startswith(b"set ")]


@pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="PgBouncer is not installed on this machine")
def test_pgbouncer_is_refused_only_in_transaction_mode(url, tmp_path):
    Path(url.query["host"]).parent.chmod(0o711)  # PgBouncer does not run as root either
    with bouncer(url, tmp_path, "session") as address:
        check_server(text(address), SETTING)
    with bouncer(url, tmp_path, "transaction") as address, pytest.raises(PoolerRefused):
        check_server(text(address), SETTING)


@contextmanager
def bouncer(url, folder, mode):
    """PgBouncer itself, as the user whom the server runs as if this is root; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    settings = folder / f"{mode}.ini"
    settings.write_text(
        f"[databases]\n{url.database} = host={url.query['host']} dbname={url.database} user={url.username}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = any\npool_mode = {mode}\n"
        "unix_socket_dir =\n"
    )
    user = {"user": "pgserver"} if os.geteuid() == 0 else {}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    with settings.open() as read:
        process = subprocess.Popen(["pgbouncer", "-q", "/dev/stdin"], stdin=read, **quiet, **user)
    try:
        address = url.set(host="127.0.0.1", port=port, query={"sslmode": "disable"})
        wait_until(lambda: answers(text(address.set(drivername="postgresql"))))
        yield address
    finally:
        process.terminate()
        process.wait()


def answers(url):
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError:
        return False
    return True


def test_database_in_another_encoding_is_refused(server_url):
    execute_apart(
        server_url, "create database in_latin template template0 encoding 'LATIN1' lc_collate 'C' lc_ctype 'C'"
    )
    try:
        with pytest.raises(EncodingRefused, match=r"LATIN1.*UTF8") as refused:
            check_server(named(server_url, "in_latin"), SETTING)
    finally:
        execute_apart(server_url, "drop database in_latin")
    assert (refused.value.exit_code, "\n" in str(refused.value)) == (2, False)


def test_read_only_database_exits_2_with_one_line(url, server_url, script):
    execute_apart(server_url, f"alter database {url.database} set default_transaction_read_only = on")
    ended = script("districts")
    assert (ended.returncode, ended.stderr.count("\n")) == (ServerReadOnly.exit_code, 1) == (2, 1)
    assert "read-only" in complaint(ended)


def test_ended_session_loses_its_lock(product):
    with district_lock(product, "5" * 24, on_wait=lambda: None) as lock:
        with transaction(product) as pg:
            lock.check(pg)
            pg.execute(sa.text("select pg_terminate_backend(:pid)"), {"pid": lock.session})
        with pytest.raises(LockLost), transaction(product) as pg:
            lock.check(pg)


def test_lost_lock_publishes_nothing(valley, sync, job, instance, product):
    sync(valley)
    before = published(product, valley.id)
    key = valley.resources["sections"].ids()[0]
    valley.put("sections", valley.get("sections", key) | {"name": "Renamed meanwhile"})

    def cut(asset, _metadata):
        if asset == "sync/plan":
            for (pid,) in query(product, HOLDERS):
                query(product, "select pg_terminate_backend(:pid)", pid=pid)

    add_partition(instance, valley.id)
    ended = run_sync(instance, job, valley.id, mode="full", name=valley.name, on_step=cut)

    assert ended.exit_code == LockLost.exit_code == 6
    assert "lock" in ended.failure
    assert published(product, valley.id) == before
    assert sync(valley).exit_code == 0
    assert published(product, valley.id) != before


def test_dagster_survives_cut_idle_sessions(environment, product):
    with dagster_instance(read_settings()) as dagster:
        assert dagster.get_runs() == []
        query(product, END_OTHERS)
        product.dispose()
        assert dagster.get_runs() == []
        assert dagster.all_asset_keys() == []


def test_run_without_a_partition_exits_2(environment, job, instance):
    from roster_pipeline.defs.launch import read_ended

    result = job.execute_in_process(instance=instance, raise_on_error=False)
    ended = read_ended(instance, result.run_id)
    assert (ended.exit_code, "no partition" in ended.failure, "\n" in ended.failure) == (2, True, False)


def test_pooler_in_dagsters_setting_is_named(environment, monkeypatch, url):
    with pooler(url) as running:
        address = url.set(drivername="postgresql", host="127.0.0.1", port=running.listener.getsockname()[1])
        monkeypatch.setenv("ROSTER_DAGSTER_DATABASE_URL", text(address.set(query={"sslmode": "disable"})))
        with pytest.raises(PoolerRefused, match="ROSTER_DAGSTER_DATABASE_URL"):
            dagster_place(read_settings())
