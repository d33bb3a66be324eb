"""The embedded server is private to its owner: its socket, its lock file and its folders."""

import json
import os
import shutil
import signal
import traceback
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp

import psutil
import psycopg
import pytest

from roster_pipeline.embedded import machine, product_url, server, stop_if_last
from roster_pipeline.embedded.machine import PREFIX
from roster_pipeline.errors import ProductUnusable, ServerReadOnly
from roster_pipeline.product.database import open_product
from roster_pipeline.settings import Settings

NOBODY, UNKNOWN = 65534, 54321
LONG = "a-folder-with-a-name-that-is-far-too-long-for-the-path-of-a-socket" * 2
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


@pytest.fixture
def place(monkeypatch):
    """A folder that only its owner can enter, on a machine without a runtime folder."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    folder = Path(mkdtemp(prefix="roster-tests-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["home", LONG])
def settings(place, request):
    """An installation of this test alone, with a short path and with a long one."""
    own = Settings(home=place / request.param, database_url=None)
    own.home.chmod(0o700)
    yield own
    stop_if_last(own)


def libpq(settings):
    return product_url(settings).replace("+psycopg", "")


def as_user(uid, work):
    """What `work` returns as another Unix user, in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            answer = work()
        except BaseException:  # noqa: BLE001 - the parent shows it
            answer = traceback.format_exc()
        os.write(writer, json.dumps(answer).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as answers:
        answer = json.loads(answers.read())
    os.waitpid(child, 0)
    return answer


def modes(folder):
    return [path.stat().st_mode for path in (folder, *folder.parents)]


def refusal_of(url):
    try:
        psycopg.connect(url).close()
    except psycopg.OperationalError as error:
        return str(error)
    return "let in"


@as_root
def test_other_local_user_cannot_connect_as_superuser(settings):
    url = libpq(settings)
    assert "Permission denied" in as_user(NOBODY, lambda: refusal_of(url))


@as_root
def test_socket_itself_refuses_another_user(place):
    settings = Settings(home=place / LONG, database_url=None)
    url = libpq(settings)
    folder = Path(psycopg.conninfo.conninfo_to_dict(url)["host"])
    folder.chmod(0o777)
    try:
        assert "Permission denied" in as_user(NOBODY, lambda: refusal_of(url))
    finally:
        stop_if_last(settings)


def test_server_opens_no_folder_around_it(settings):
    before = modes(settings.home)
    url = libpq(settings)
    folder = Path(psycopg.conninfo.conninfo_to_dict(url)["host"])
    assert modes(settings.home) == before
    assert folder.stat().st_mode & 0o077 == 0
    assert settings.postgres_folder.stat().st_mode & 0o077 == 0
    assert settings.postgres_folder.with_name("postgres.lock").stat().st_mode & 0o077 == 0
    with psycopg.connect(url) as pg:
        assert pg.execute("select current_setting('listen_addresses')").fetchone() == ("",)


def test_last_process_removes_the_folder_of_the_socket(place):
    settings = Settings(home=place / LONG, database_url=None)
    folder = Path(psycopg.conninfo.conninfo_to_dict(libpq(settings))["host"])
    assert folder.name.startswith(PREFIX)
    stop_if_last(settings)
    assert not folder.exists()
    assert not (settings.postgres_folder / "postmaster.pid").exists()


def test_folder_of_a_killed_server_is_removed(place):
    settings = Settings(home=place / LONG, database_url=None)
    first = Path(psycopg.conninfo.conninfo_to_dict(libpq(settings))["host"])
    postmaster = psutil.Process(int((settings.postgres_folder / "postmaster.pid").read_text().split()[0]))
    os.kill(postmaster.pid, signal.SIGQUIT)
    postmaster.wait(120)
    assert first.exists()
    with psycopg.connect(libpq(settings)) as pg:
        assert pg.execute("select 1").fetchone() == (1,)
    assert not first.exists()
    stop_if_last(settings)


def test_stopping_server_is_started_again(place, monkeypatch):
    settings = Settings(home=place / "home", database_url=None)
    product_url(settings)
    stopping = replace(server._read(settings.postgres_folder), status="stopping")
    stop_if_last(settings)
    read, seen = server._read, [stopping, stopping]
    monkeypatch.setattr(server, "_read", lambda data: seen.pop() if seen else read(data))
    monkeypatch.setattr(server, "SECONDS", 30)
    with psycopg.connect(libpq(settings)) as pg:
        assert pg.execute("select 1").fetchone() == (1,)
    stop_if_last(settings)


@as_root
def test_reused_process_id_does_not_block_the_start(place):
    os.chown(place, NOBODY, NOBODY)

    def work():
        own = Settings(home=place / "home", database_url=None)
        product_url(own)
        record = own.postgres_folder / "postmaster.pid"
        number, *rest = record.read_text().splitlines(keepends=True)
        postmaster = psutil.Process(int(number))
        os.kill(postmaster.pid, signal.SIGQUIT)
        postmaster.wait(120)
        record.write_text("".join(["1\n", *rest]))
        with psycopg.connect(libpq(own)) as pg:
            found = pg.execute("select 1").fetchone()
        stop_if_last(own)
        return found

    assert as_user(NOBODY, work) == [1]


@as_root
def test_two_users_of_one_machine_share_no_lock(settings, place):
    product_url(settings)
    place.chmod(0o711)
    other = place / "other"
    other.mkdir()
    os.chown(other, NOBODY, NOBODY)

    def work():
        own = Settings(home=other / "home", database_url=None)
        with psycopg.connect(libpq(own)) as pg:
            found = pg.execute("select 1").fetchone()
        stop_if_last(own)
        return found

    assert as_user(NOBODY, work) == [1]


@as_root
def test_user_without_an_entry_gets_the_words_of_initdb(place):
    os.chown(place, UNKNOWN, UNKNOWN)

    def work():
        with pytest.raises(ProductUnusable) as refused:
            product_url(Settings(home=place / "home", database_url=None))
        return [str(refused.value), refused.value.exit_code]

    line, code = as_user(UNKNOWN, work)
    assert f"could not look up effective user ID {UNKNOWN}" in line
    assert (code, "\n" in line) == (6, False)


@as_root
def test_programs_in_a_folder_of_root_start(place, monkeypatch):
    programs, version = machine._installed()
    package = programs.parents[1]
    hidden = place / "hidden"
    hidden.mkdir(mode=0o700)
    for source in (programs.parent, package.with_name(f"{package.name}.libs")):
        shutil.copytree(source, hidden / source.relative_to(package.parent), symlinks=True)
    monkeypatch.setattr(machine, "_installed", lambda: (hidden / programs.relative_to(package.parent), version))
    settings = Settings(home=place / "home", database_url=None)
    before = modes(hidden)
    with psycopg.connect(libpq(settings)) as pg:
        assert pg.execute("select 1").fetchone() == (1,)
    assert modes(hidden) == before
    folder = Path((settings.postgres_folder / ".socket_folder").read_text())
    assert folder.stat().st_mode & 0o077 == 0
    stop_if_last(settings)
    assert not folder.exists()


def test_standby_is_refused_as_a_replica(place):
    settings = Settings(home=place / "home", database_url=None)
    product_url(settings)
    stop_if_last(settings)
    (settings.postgres_folder / "standby.signal").touch()
    with pytest.raises(ServerReadOnly, match="is a replica") as refused:
        open_product(settings)
    stop_if_last(settings)
    assert (refused.value.exit_code, "\n" in str(refused.value)) == (2, False)
