"""After the first sync of a district the product equals the feed, as docs/rules.md says."""

import pytest

from roster_pipeline.land import warehouse
from roster_pipeline.sandbox.data.recorded import load_district
from roster_pipeline_tests.support.readers import difference, last_sync, published, query
from roster_pipeline_tests.support.rule_book import expect


@pytest.mark.parametrize("small", [warehouse.SMALL_FILE_BYTES, 0])
def test_small_and_large_districts_equal_the_feed(valley, sync, product, monkeypatch, small):
    monkeypatch.setattr(warehouse, "SMALL_FILE_BYTES", small)
    ended = sync(valley)
    assert (ended.failure, ended.exit_code) == (None, 0)
    assert difference(expect(valley), published(product, valley.id)) == {}
    assert last_sync(product)[0] == "published"


def test_names_of_every_alphabet_are_published_byte_for_byte(valley, quick_sync, product):
    names = [
        "Ωmega ß İ",
        "  two  spaces ",
        "e\u0301 is not \u00e9",
        "\U0001d538 😀",
        "'; drop table rosters; --",
        "=1+1",
        '"',
        "\\n,\t|",
    ]
    keys = valley.resources["sections"].ids()[: len(names)]
    for key, name in zip(keys, names, strict=True):
        valley.put("sections", valley.get("sections", key) | {"name": name})
    quick_sync(valley)
    rosters = published(product, valley.id).rosters
    assert [rosters[key][1] for key in keys] == names


def test_first_sync_marks_all_and_verifies_no_teacher(valley, quick_sync, product):
    quick_sync(valley)
    assert query(product, "select distinct verified_at, source, is_admin from roster.org_memberships") == [
        (None, "clever", False)
    ]
    assert query(product, "select distinct imported_from_clever from roster.accounts") == [(True,)]


def test_demo_district_of_clever_publishes_its_known_numbers(connect, sync, product, shared):
    folder = shared / "data" / "clever-demo-district"
    if not folder.is_dir():
        pytest.skip("Clever's demo district is not beside this checkout")
    demo = connect(load_district(folder))
    assert sync(demo).exit_code == 0
    found = published(product, demo.id)
    roles = [person[0] for person in found.people.values()]
    assert (roles.count("student"), roles.count("teacher"), len(found.rosters), len(found.students)) == (
        1004,
        89,
        379,
        8963,
    )
    assert difference(expect(demo), found) == {}
