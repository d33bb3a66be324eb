"""The product records whether a district is in the snapshot, and an alert reports a failure."""

import shutil

import pytest

from roster_pipeline.cli.sync import renew_after
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.settings import read_settings
from roster_pipeline.snapshot import LATEST
from roster_pipeline_tests.support.alerts import evaluate_sensors, opened, recovered, webhook  # noqa: F401 - fixtures
from roster_pipeline_tests.support.scripts import script  # noqa: F401 - fixtures


@pytest.fixture
def standing(product):
    """(when the last snapshot of the district was written, why the last try failed)."""

    def read(district):
        with transaction(product) as pg:
            found = find_organization(pg, district.id)
        return found.last_snapshot_at, found.snapshot_failure

    return read


@pytest.fixture
def in_the_way(environment):
    """A file where the folder of snapshots has to be."""
    folder = read_settings().snapshots_folder
    folder.write_text("no folder")
    yield folder
    folder.unlink(missing_ok=True)


def test_failing_snapshot_raises_one_alert_until_it_succeeds(
    valley,
    sync,
    standing,
    in_the_way,
    webhook,
    evaluate_sensors,
    capsys,
):
    assert sync(valley).exit_code == 0
    assert renew_after(read_settings()) == 2
    said = capsys.readouterr().err
    assert "cannot be written (Not a directory)" in " ".join(said.split())
    written_at, failure = standing(valley)
    assert (written_at, failure in said.replace("\n", " ")) == (None, True)
    evaluate_sensors()
    evaluate_sensors()
    (message,) = webhook.taken
    assert "snapshots/latest.duckdb" in message["text"]
    assert webhook.take_alerts() == [opened("snapshot", valley)]
    in_the_way.unlink()
    assert renew_after(read_settings()) == 0
    written_at, failure = standing(valley)
    assert (written_at is not None, failure) == (True, None)
    evaluate_sensors()
    assert webhook.take_alerts() == [recovered("snapshot", valley)]
    shutil.rmtree(in_the_way)


def test_correction_reports_a_failed_or_damaged_snapshot(
    valley,
    quick_sync,
    standing,
    script,
):
    quick_sync(valley, snapshot=True)
    folder = read_settings().snapshots_folder
    (folder / LATEST).write_bytes(b"damaged")
    undone = script("undo", "1")
    assert (undone.returncode, "was damaged" in undone.stderr) == (0, True)
    assert standing(valley)[1] is None
    shutil.rmtree(folder)
    folder.write_text("no folder")
    assert script("undo", "2").returncode == 0
    assert standing(valley)[1] is not None
    folder.unlink()
    assert script("undo", "3").returncode == 0
    assert standing(valley)[1] is None
