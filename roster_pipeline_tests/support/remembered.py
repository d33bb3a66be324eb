"""Repeat a sync that another test of this process has done already, by a copy of what it left."""

import hashlib
import json
import shutil
from contextlib import suppress
from itertools import count
from pathlib import Path

import pytest
import sqlalchemy as sa

from roster_pipeline_tests.support.readers import query
from roster_pipeline_tests.support.server import execute_apart

NUMBERS = count(1)
WRITTEN = (
    "select (select count(*) from roster.syncs) + (select count(*) from roster.accounts) "
    "+ (select count(*) from roster.refresh_requests) + (select count(*) from roster.alerts)"
)


@pytest.fixture(scope="session")
def remembered():
    """What syncs left, by the feeds of the syncs up to it: plan, database, and folder of ROSTER_HOME."""
    return {}


@pytest.fixture
def known_sync(remembered, quick_sync, clever, environment, product, server_url, tmp_path_factory):
    """Sync a district as `quick_sync` does, or copy what the same syncs of the same feeds left in another test.

    Only for tests whose product nothing but such syncs has written until now.
    """
    home, database = Path(environment["ROSTER_HOME"]), sa.make_url(product.url).database
    history = []

    def synced(district, **how):
        if not history:
            assert query(product, WRITTEN) == [(0,)], "something wrote to the product before its first known sync"
        history.append((district.id, _digest(clever.served), *how.items()))
        key = tuple(history)
        if key in remembered:
            plan, template, files = remembered[key]
            _replace_database(server_url, product, database, template)
            shutil.rmtree(home, ignore_errors=True)
            shutil.copytree(files, home)
        else:
            plan = quick_sync(district, **how)
            template, files = f"remembered_{next(NUMBERS)}", tmp_path_factory.mktemp("home") / "home"
            with suppress(sa.exc.OperationalError):  # something else in the test has a session in the database
                _replace_database(server_url, product, template, database)
                shutil.copytree(home, files)
                remembered[key] = plan, template, files
        return plan

    return synced


def _replace_database(server_url, product, name, template):
    product.dispose()
    execute_apart(server_url, f"drop database if exists {name} with (force)")
    execute_apart(server_url, f"create database {name} template {template}")


def _digest(districts):
    """Return a digest of everything that the sandbox serves."""
    served = [
        [one.id, {name: dict(items.items()) for name, items in one.resources.items()}, list(one.events)]
        for one in districts
    ]
    return hashlib.sha256(json.dumps(served, sort_keys=True, default=str).encode()).hexdigest()
