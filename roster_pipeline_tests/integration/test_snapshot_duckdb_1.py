"""The oldest supported DuckDB reads the snapshot, in an environment of its own."""

import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import published
from roster_pipeline_tests.support.snapshots import AS_OF, NAMES, VIEWS

CLIENT = """
import json, sys, duckdb
path, *names = sys.argv[1:]
answers = []
for opened in ("the file", "attached"):
    if opened == "attached":
        con = duckdb.connect()
        con.execute(f"attach '{path}' as under_another_name (read_only)")
        con.execute("use under_another_name")
    else:
        con = duckdb.connect(path, read_only=True)
    texts = "select columns(*)::varchar from {} order by all"
    answers.append({name: con.execute(texts.format(name)).fetchall() for name in names})
    con.close()
print(json.dumps([duckdb.__version__, *answers]))
"""


@pytest.fixture(scope="session")
def duckdb_1(pytestconfig):
    """The interpreter of an environment with DuckDB 1."""
    python = pytestconfig.rootpath / ".venv-duckdb1" / "bin" / "python"
    if not python.exists():
        pytest.skip("there is no .venv-duckdb1 here; make test makes it")
    return python


def answers(python: Path, file: Path):
    """What a client of this environment reads: its version, and the rows of each table, view and macro as text."""
    names = [*NAMES, *(f"{name}_history" for name in NAMES), *VIEWS, *(f"{name}_as_of('2999-01-01')" for name in AS_OF)]
    ended = subprocess.run([python, "-c", CLIENT, file, *names], capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    version, *opened = json.loads(ended.stdout)
    return version, opened


def test_duckdb_1_reads_every_kind_of_snapshot(valley, publish, latest, duckdb_1, product):
    publish(valley)
    assert answers(duckdb_1, latest)[1] == answers(Path(sys.executable), latest)[1]
    valley.remove("users", users_of(valley, "student")[0])
    publish(valley)
    assert answers(duckdb_1, latest)[1] == answers(Path(sys.executable), latest)[1]
    of_two = latest.with_name("of_two")
    with duckdb.connect(of_two, config={"storage_compatibility_version": "v2.0.0"}) as con:
        con.execute(f"attach '{latest}' as now (read_only)")
        for name in NAMES:
            con.execute(f"create table {name}_history as from now.{name}_history")
    of_two.replace(latest)
    publish(valley)
    version, (direct, attached) = answers(duckdb_1, latest)
    assert version.startswith("1.")
    assert direct == attached == answers(Path(sys.executable), latest)[1][0]
    with duckdb.connect(latest.parent / "identified" / "latest.duckdb", read_only=True) as con:
        clever_ids = dict(con.execute("select person_id, clever_id from people").fetchall())
    assert set(clever_ids.values()) == set(published(product, valley.id).members)
    assert {next(value for value in row if value in clever_ids) for row in direct["people"]} == set(clever_ids)
    assert len(direct["people_history"]) > len(direct["people"])
