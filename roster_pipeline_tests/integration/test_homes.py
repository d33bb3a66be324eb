"""ROSTER_HOME works with any folder name and any umask."""

import json
import os
import stat

import pytest

from roster_pipeline.cli.preflight import preflight
from roster_pipeline.errors import SettingRefused
from roster_pipeline.product.database import open_product
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import difference, published
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.snapshots import read
from roster_pipeline_tests.support.stages import leave_snapshot

NAME = 'it\'s; -- "ours" [a]* {x} $file %s %(x)s :y née\u0301 日本 \u202e blank '


@pytest.fixture
def home(environment, monkeypatch, tmp_path):
    folder = tmp_path / "of a user" / NAME
    monkeypatch.setenv("ROSTER_HOME", str(folder))
    return folder


@pytest.mark.parametrize("name", ["a?b", "a\\b", "?"])
def test_home_that_duckdb_cannot_open_is_refused_and_not_created(name, monkeypatch, tmp_path):
    monkeypatch.setenv("ROSTER_HOME", str(tmp_path / name))
    with pytest.raises(SettingRefused, match="ROSTER_HOME is malformed"):
        read_settings()
    assert list(tmp_path.iterdir()) == []


def rename_a_class(district):
    sections = district.resources["sections"]
    district.put("sections", sections[sections.ids()[0]] | {"name": "Renamed"})


def test_home_of_any_name_works_in_full_and_delta_syncs(
    home,
    valley,
    sync,
    product,
    capsys,
):
    assert sync(valley).failure is None
    rename_a_class(valley)
    assert sync(valley, mode="delta").failure is None
    assert difference(expect(valley), published(product, valley.id)) == {}
    leave_snapshot(read_settings(), product)
    latest = read_settings().snapshots_folder / "latest.duckdb"
    assert latest.is_relative_to(home)
    assert read(latest, "select count(*) from rosters where name = 'Renamed'") == [(1,)]
    capsys.readouterr()
    preflight(valley.id, as_json=True)
    files = json.loads(capsys.readouterr().out)["files"]
    assert [file.startswith(str(home)) for file in files] == [True, True]


@pytest.fixture(params=[0o000, 0o077], ids=oct)
def umask(request):
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def test_files_are_private_under_any_umask(
    umask,
    environment,
    monkeypatch,
    valley,
    sync,
    tmp_path,
):
    made = tmp_path / "made"
    monkeypatch.setenv("ROSTER_HOME", str(made / "home"))
    assert sync(valley).failure is None
    rename_a_class(valley)
    assert sync(valley, mode="delta").failure is None
    preflight(valley.id)
    leave_snapshot(read_settings(), open_product(read_settings()))
    modes = {path: stat.S_IMODE(path.stat().st_mode) for path in (made, *made.rglob("*"))}
    assert {path: oct(mode) for path, mode in modes.items() if mode != (0o700 if path.is_dir() else 0o600)} == {}
    assert {path.name for path in modes} >= {
        "home",
        "dagster.yaml",
        f"{valley.id}.duckdb",
        "latest.duckdb",
        "manifest.json",
        "people.csv",
    }
