"""Two towns that share people, and decisions about their reviews."""

from datetime import UTC, datetime

import pytest

from roster_pipeline.corrections.resolve import resolve_review
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline_tests.support.changes import tiny
from roster_pipeline_tests.support.crowd import act
from roster_pipeline_tests.support.readers import empty

OF_DISTRICT = "join roster.organizations as o on o.id = t.organization_id where o.clever_district_id = :district and"
REVIEWS = (
    "select t.id, t.clever_id, t.reason, t.account_id "
    f"from roster.reviews as t {OF_DISTRICT} t.state = 'open' order by t.id"
)


@pytest.fixture
def towns(product, clever, environment):
    """Start with an empty product, people who signed up, and three tiny districts of which the last is never synced."""

    def begun(first=()):
        empty(product)
        districts = [tiny(1), tiny(2), tiny(3)]
        clever.served[:] = districts
        with transaction(product) as pg:
            for district in districts:
                connect_district(pg, district.id, name="Tiny", tier="secure_sync")
        for what in first:
            act(product, districts, what)
        return districts

    return begun


def undo(product, sync_id):
    with transaction(product) as pg:
        return undo_sync(pg, sync_id, datetime.now(UTC))


def decide(product, review, decision):
    with transaction(product) as pg:
        return resolve_review(pg, review, decision, decided_by="the admin", at=datetime.now(UTC))
