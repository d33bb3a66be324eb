"""A sync does not overwrite what others wrote while it ran, or while a field could not be read."""

from datetime import UTC, datetime

import pytest

from roster_pipeline.errors import PlanStale
from roster_pipeline.land import open_warehouse, read_land_result
from roster_pipeline.model.limits import Limits
from roster_pipeline.product.database import transaction
from roster_pipeline.settings import read_settings
from roster_pipeline.syncs.lifecycle import SyncReport, finish_sync
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, published, query

ACCOUNT = (
    "select a.first_name, a.last_name, a.email, a.role from roster.accounts as a "
    "join roster.identity_links as l on l.account_id = a.id where l.clever_id = :key"
)


def test_row_changed_between_plan_and_publish_stops_publishing(valley, quick_sync, known_sync, product):
    known_sync(valley)
    key = users_of(valley, "teacher")[0]
    before = query(product, ACCOUNT, key=key)[0]
    valley.put("users", valley.get("users", key) | {"name": {"first": "There", "last": "Then"}})
    promote = (
        "update roster.accounts as a set role = 'admin' "
        "from roster.identity_links as l where l.account_id = a.id and l.clever_id = :key"
    )

    class LimitsAskedForAsSomebodyWrites(Limits):
        """The limits are asked for between reading the product and writing to it."""

        def __getattribute__(self, name):
            if name == "district_updates":
                execute(product, promote, as_sync=True, key=key)
            return super().__getattribute__(name)

    with pytest.raises(PlanStale, match="changed in the product"):
        quick_sync(valley, LimitsAskedForAsSomebodyWrites())
    assert query(product, ACCOUNT, key=key) == [(*before[:3], "admin")]


def test_published_plan_cannot_be_published_again(valley, known_sync, product):
    plan = known_sync(valley)
    before = published(product, valley.id)
    with open_warehouse(read_settings().districts_folder, valley.id) as con:
        district = read_land_result(con).district
    with pytest.raises(PlanStale, match="is over"), transaction(product) as pg:
        finish_sync(pg, plan, district, SyncReport("Nothing changed."), at=datetime.now(UTC))
    assert published(product, valley.id) == before


def test_unreadable_field_keeps_the_value_of_the_account(valley, quick_sync, product):
    key = next(one for one in users_of(valley, "student") if valley.get("users", one).get("email"))
    quick_sync(valley)
    before = query(product, ACCOUNT, key=key)
    valley.put("users", valley.get("users", key) | {"email": 7})
    assert quick_sync(valley).total == 0
    assert query(product, ACCOUNT, key=key) == before
