"""The files and logs of runs contain no secrets and no people, after successes and failures."""

import json
from base64 import b64encode

import duckdb
import pytest
import sqlalchemy as sa

from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.accounts import ACCOUNT, set_user
from roster_pipeline_tests.support.district import CLIENT_ID, CLIENT_SECRET
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import STAMPS, contents, execute, query
from roster_pipeline_tests.support.scripts import (
    _dagsters_rows,
    _other_files,
    script,  # noqa: F401 - fixtures
)

pytestmark = pytest.mark.names
PASSWORD, ENCODED = "hunter2/of@db", "hunter2%2Fof%40db"
LEAVING = 10
PEOPLE = {"Xanthippe", "Vandersloot", "xanthippe.v@", "Periwinkle", "Featherstone", "Ottoline", "ottoline@"}
BASIC = b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
SECRETS = {PASSWORD, ENCODED, CLIENT_SECRET, BASIC}


@pytest.fixture
def telling(valley, product, environment, monkeypatch):
    """A district with people one would recognize: two share an address, one cannot be read, one looks like another."""
    address = sa.make_url(environment["ROSTER_DATABASE_URL"]).set(password=PASSWORD)
    monkeypatch.setenv("ROSTER_DATABASE_URL", address.render_as_string(hide_password=False))
    first, second = users_of(valley, "teacher")[:2]
    set_user(valley, first, email="xanthippe.v@example.org", first="Xanthippe", last="Vandersloot")
    set_user(valley, second, email="xanthippe.v@example.org", first="Periwinkle", last="Featherstone")
    *leaving, alike, broken = users_of(valley, "student")[: LEAVING + 2]
    for key in leaving:
        set_user(valley, key, email=f"{key}.ottoline@example.org", first="Ottoline", last="Featherstone")
    set_user(valley, alike, email="alike.ottoline@example.org", first="Ottoline", last="Vandersloot")
    execute(
        product, ACCOUNT, email="alike.ottoline@example.org", first="Xanthippe", last="Featherstone", role="student"
    )
    unread = set_user(valley, broken, email="ottoline@example.org", first="Ottoline", last="Vandersloot")
    valley.put("users", unread | {"roles": {"student": {"school": 5}}})
    return valley


@pytest.fixture
def command(script):
    """Runs a command, which ends with exit code `ends`; `command.said` is all that they printed."""

    def run(*arguments, ends=0, **changed):
        ended = script(*arguments, **changed)
        assert ended.returncode == ends, ended.stderr
        run.said += [ended.stdout, ended.stderr]
        return ended.stdout

    run.said = []
    return run


def all_goes_well_and_badly(valley, command, product, clever):
    """Published, refused by Clever, cut off, without a database, rolled back, held, approved, decided and undone."""
    sync = ("sync", "--mode", "full", "--district", valley.id)
    command(*sync)
    for fault in (("/v3.1/users", 2, "401"), ("/v3.1/users", 0, "cut")):
        clever.go_wrong(fault)
        command(*sync, ends=4)
    clever.go_wrong()
    command(*sync, ends=6, ROSTER_DATABASE_URL=f"postgresql://someone:{ENCODED}@127.0.0.1:1/none")
    valley.put("users", valley.get("users", users_of(valley, "teacher")[0]) | {"email": "xanthippe.v@example.com"})
    execute(product, "alter table roster.accounts add constraint nobody check (last_name <> 'Vandersloot') not valid")
    command(*sync, ends=6)
    execute(product, "alter table roster.accounts drop constraint nobody")
    for key in users_of(valley, "student")[:LEAVING]:
        valley.remove("users", key)
    command(*sync, ends=3)
    command("approve", json.loads(command("holds", "--json"))[0]["plan"])
    review = query(product, "select id from roster.reviews where reason = 'name_differs'")[0][0]
    decided = json.loads(command("resolve", str(review), "--as", "create", "--json"))
    command("undo", str(decided["sync_id"]))


def in_duckdb():
    """Every row of the district's file and of the snapshot, as text."""
    for folder in (read_settings().districts_folder, read_settings().snapshots_folder):
        for file in folder.rglob("*.duckdb"):
            with duckdb.connect(str(file), read_only=True) as con:
                for (table,) in con.sql("select schema_name || '.' || table_name from duckdb_tables()").fetchall():
                    yield from (text for (text,) in con.sql(f"select t::varchar from {table} as t").fetchall())


def found(words, texts):
    return {word for text in texts for word in words if word in text}


def test_nothing_written_repeats_people_or_secrets(telling, command, product, clever, tmp_path):
    all_goes_well_and_badly(telling, command, product, clever)
    rows = contents(product, without=())
    beside = [text for name in STAMPS - {"changes"} for text in rows[name]]
    files = {*_other_files(), *(path for path in tmp_path.iterdir() if path.is_file())}
    written = [*command.said, *beside, *(path.read_text(errors="replace") for path in files)]
    written += [text for texts in _dagsters_rows(product).values() for text in texts]
    secrets = SECRETS | {telling.token}
    assert found(PEOPLE | secrets, written) == set()
    assert found(secrets, [*(text for texts in rows.values() for text in texts), *in_duckdb()]) == set()
    assert found(PEOPLE, [*rows["accounts"], *in_duckdb()]) == PEOPLE
    assert found({telling.id}, written) == {telling.id}
