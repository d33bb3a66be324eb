"""Make a plan with held removals, and decide about it."""

from datetime import UTC, datetime

import pytest

from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.holds import decide_hold, find_plan
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import published


@pytest.fixture
def crowd(valley, known_sync):
    """Remove twelve of sixty students from Clever, which is more than a tenth."""
    known_sync(valley)
    leaving = users_of(valley, "student")[:12]
    for key in leaving:
        leave(valley, key)
    plan = known_sync(valley)
    assert plan.held
    return plan, leaving


@pytest.fixture
def decide(product):
    def decided(decision, name=None):
        with transaction(product) as pg:
            newest = pg.exec_driver_sql("select max(id) from roster.holds").scalar_one()
            hold = find_plan(pg, str(name or newest))
            decide_hold(pg, hold, decision, decided_by="the admin", at=datetime.now(UTC))

    return decided


def members(product, district):
    return set(published(product, district.id).members)


LIVE = ("members", "schools", "school_members", "rosters", "teachers", "students")


def all_rows_live(before, after):
    """Return whether all live rows still live. New rows do not matter."""
    return all(set(getattr(before, name)) <= set(getattr(after, name)) for name in LIVE)
