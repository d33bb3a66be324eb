"""The notebook draws its plots from the analysts' database, where the extra `notebook` is installed."""

import importlib.util
import sys
from pathlib import Path

import pytest

from roster_pipeline.settings import read_settings

NOTEBOOK = Path(__file__).parents[2] / "examples" / "roster.py"
EXTRA = ("marimo", "matplotlib")
MISSING = [name for name in EXTRA if importlib.util.find_spec(name) is None]


@pytest.mark.skipif(bool(MISSING), reason=f"the extra [notebook] is not installed ({', '.join(MISSING)})")
def test_notebook_draws_four_plots(valley, publish, tmp_path, monkeypatch):
    publish(valley)
    latest = read_settings().snapshots_folder / "latest.duckdb"
    snapshots = tmp_path / ".roster" / "snapshots"
    snapshots.mkdir(parents=True)
    (snapshots / "latest.duckdb").symlink_to(latest)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", [str(NOTEBOOK)])
    spec = importlib.util.spec_from_file_location("roster_notebook", NOTEBOOK)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    _, values = module.app.run()

    assert len(values["figure"].axes) == 4
    assert values["weeks"][-1][1] == sum(len(each["students"]) for each in valley.resources["sections"].values())
    values["figure"].savefig(tmp_path / "picture.png")
