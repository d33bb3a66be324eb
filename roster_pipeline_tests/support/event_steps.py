"""Steps that the tests of event feeds share."""

import pytest

from roster_pipeline.delta.bookmark import load_bookmark
from roster_pipeline.land import open_warehouse
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.changes import NO_LIMITS
from roster_pipeline_tests.support.readers import difference, published, query
from roster_pipeline_tests.support.rule_book import expect

HOW = "select mode, mode_reason from roster.syncs order by id desc limit 1"


@pytest.fixture
def delta(town, quick_sync, product):
    """Sync the town, and check that the sync was a delta. Return the plan."""

    def synced(limits=NO_LIMITS):
        plan = quick_sync(town, limits, mode="auto")
        assert query(product, HOW)[0][0] == "delta", query(product, HOW)
        return plan

    return synced


@pytest.fixture
def full(town, quick_sync, product):
    """Sync the town in mode `auto`, and check that the sync was a full one. Return the reason."""

    def synced(limits=NO_LIMITS):
        quick_sync(town, limits, mode="auto")
        ((mode, reason),) = query(product, HOW)
        assert mode == "full"
        return reason

    return synced


def drift(town):
    """Return the number of records that the events had missed, as the last full sync found."""
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        return load_bookmark(con)[0].missed


def assert_equal(product, town):
    assert difference(expect(town), published(product, town.id)) == {}


def _bookmark(town):
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        return load_bookmark(con)[0]


def _go_back(town, bookmark):
    """Put the cursor back, as if the process had died before it stored the new one."""
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        cursor = bookmark.cursor
        con.execute("update raw.bookmark set before = ?, last = ?", [cursor.before, cursor.last])
