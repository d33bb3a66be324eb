"""200 marked people live in a district, leave it, and are forgotten. No mark is left in any table, file or log."""

import json
import os

import pytest

from roster_pipeline.embedded import stop_if_last
from roster_pipeline.privacy.forget import forget
from roster_pipeline.privacy.retention import erase_expired
from roster_pipeline.privacy.stores.check import HOLDING
from roster_pipeline.product.database import open_product
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.console import run_command
from roster_pipeline_tests.support.district import CLIENT_ID, CLIENT_SECRET
from roster_pipeline_tests.support.marked_people import (
    KEEP,
    NUMBERS,
    PEOPLE,
    MarkedTown,
    find_marks,
    late_eraser,
    live_and_leave,
)
from roster_pipeline_tests.support.town import clever_id


@pytest.fixture
def settings(monkeypatch, tmp_path, clever):
    """An installation with an embedded server of its own."""
    home = tmp_path / "home"
    values = {
        "ROSTER_HOME": str(home),
        "ROSTER_CLEVER_API_URL": clever.url,
        "ROSTER_CLEVER_AUTH_URL": clever.url,
        "ROSTER_CLEVER_CLIENT_ID": CLIENT_ID,
        "ROSTER_CLEVER_CLIENT_SECRET": CLIENT_SECRET,
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    yield read_settings()
    open_product(read_settings()).dispose()
    stop_if_last(read_settings())


def test_no_mark_of_forgotten_people_is_left(settings, clever, tmp_path):
    product, town = open_product(settings), MarkedTown()
    clever.served.append(town)

    def run_sync():
        done = run_command(["sync", "--district", town.id], dict(os.environ), tmp_path)
        assert done.returncode == 0, done.stderr

    live_and_leave(settings, product, town, run_sync)
    assert {"roster.accounts", "roster.changes", "roster.reviews"} <= find_marks(settings, product, town)

    eraser = late_eraser(settings)
    forgotten = forget(eraser, "person", clever_id(town.number, "student", NUMBERS[0]))
    counts = erase_expired(eraser, KEEP)

    assert counts["people_who_left"] == PEOPLE - 1
    assert find_marks(settings, product, town) == set()
    receipt = json.loads(forgotten.file.with_suffix(".json").read_text())
    stores = {store["store"]: store for store in receipt["stores"]}
    assert stores["product database"]["removed"]["accounts"] == 1
    assert set(stores["district files"]["after"].values()) == {None}
    assert stores["Dagster's records"]["removed"] == {}
    for place in ("stores", "database server"):
        assert stores[f"files of the {place}, read again"]["removed"][HOLDING] == 0
    assert oct(forgotten.file.stat().st_mode & 0o777) == "0o600"
    assert sorted(receipt["not_reached"]) == ["backups", "copies"]
