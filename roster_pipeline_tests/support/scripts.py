"""Run the console script, and read what it leaves behind."""

import os
import sys
import time
from pathlib import Path

import pytest

from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.console import run_command
from roster_pipeline_tests.support.readers import query

SCRIPT = Path(sys.executable).with_name("roster-pipeline")
PATIENCE = 240


@pytest.fixture
def script(environment, tmp_path):
    """Run the console script with the settings of this test, changed by `without` and `changed`."""

    def run(*arguments, without=(), **changed):
        variables = {name: value for name, value in os.environ.items() if name not in without} | changed
        return run_command(arguments, variables, tmp_path)

    return run


def complaint(ended):
    """Return the standard error after the progress bars as one line."""
    said = [line for line in ended.stderr.splitlines() if line.strip()]
    assert "Traceback" not in ended.stderr
    return said[-1] if said else ""


def wait_until(condition):
    """Wait for a condition that another process fulfils."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.05)


def _other_files():
    """Return every file under ROSTER_HOME except those of the district and the snapshot."""
    settings = read_settings()
    data = (settings.districts_folder, settings.snapshots_folder)
    files = [path for path in settings.home.rglob("*") if path.is_file()]
    return [path for path in files if not any(path.resolve().is_relative_to(folder) for folder in data)]


def _dagsters_rows(product):
    """Return all rows of Dagster's schema as text."""
    names = query(product, "select table_name from information_schema.tables where table_schema = 'roster_dagster'")
    return {
        name: [text for (text,) in query(product, f'select to_jsonb(t)::text from roster_dagster."{name}" as t')]
        for (name,) in names
    }
