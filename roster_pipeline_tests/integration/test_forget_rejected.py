"""A person whose record was rejected stands in the district file alone, and is found there."""

import json
from datetime import UTC, datetime

import pytest

from roster_pipeline.errors import ForgetRefused
from roster_pipeline.instance.eraser import build_eraser
from roster_pipeline.privacy.export import export_person
from roster_pipeline.privacy.forget import forget
from roster_pipeline.product.connections import disconnect_district
from roster_pipeline.product.database import transaction
from roster_pipeline.settings import read_settings
from roster_pipeline.sync_context import utc_now
from roster_pipeline_tests.support.people import users_of

KEY = "e" * 24


@pytest.fixture
def rejected(valley, quick_sync):
    """Sync a district in which the record of one person without a class cannot be read. Return the Clever id."""
    user = valley.get("users", users_of(valley, "student")[0])
    valley.put("users", user | {"id": KEY, "roles": {"student": {"schools": "all"}}})
    quick_sync(valley)
    return KEY


@pytest.fixture
def eraser(environment):
    return build_eraser(read_settings(), "operator", utc_now)


def test_rejected_person_of_a_connected_district_is_refused(eraser, rejected):
    with pytest.raises(ForgetRefused, match="which the last sync of district"):
        forget(eraser, "person", rejected)


def test_rejected_person_of_another_district_is_forgotten(eraser, rejected, product, valley):
    settings = eraser.settings
    with transaction(product) as pg:
        disconnect_district(pg, valley.id, datetime.now(UTC))
        held = export_person(settings, pg, rejected, by="operator", at=utc_now())
    assert rejected in json.dumps(held)
    forgotten = forget(eraser, "person", rejected)
    assert not (settings.districts_folder / f"{valley.id}.duckdb").exists()
    assert forget(eraser, "person", rejected).receipt == forgotten.receipt


def test_unread_file_is_not_taken_for_one_without_the_person(eraser, rejected, valley):
    file = eraser.settings.districts_folder / f"{valley.id}.duckdb"
    file.write_bytes(b"damaged")
    with pytest.raises(ForgetRefused, match="was not searched"):
        forget(eraser, "person", rejected)


def test_person_of_no_file_is_unknown(eraser, rejected):
    with pytest.raises(ForgetRefused, match="Nothing is held"):
        forget(eraser, "person", "f" * 24)
