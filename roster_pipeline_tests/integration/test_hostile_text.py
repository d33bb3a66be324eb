"""Hostile text is published byte for byte, or rejected alone and counted."""

import copy

import duckdb

from roster_pipeline.land import open_warehouse
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.hostile_text import (
    OWN,
    babel,
    texts,  # noqa: F401 - fixtures
)
from roster_pipeline_tests.support.misprints import misprint, reprint
from roster_pipeline_tests.support.readers import difference, published, row_versions
from roster_pipeline_tests.support.rule_book import expect

UNSTORABLE = ("a\0b", "\0", "\ud800", "\udc00 and more", "\ude00\ud83d", "\ud83d\U0001f600")
"""NUL and halves of surrogate pairs: JSON can say them, PostgreSQL cannot store them."""


def in_snapshot(path):
    """What analysts read: schools, people and rosters as `published` gives them, as far as it is there."""
    with duckdb.connect(path, read_only=True) as con:
        return tuple(
            {key: tuple(row) for key, *row in con.execute(f"select {columns}").fetchall()}
            for columns in (
                "school_id, name, sis_id, nces_id, low_grade, high_grade from schools",
                "clever_id, role, first_name, last_name, email from people",
                "section_id, school_id, name, subject, grade, period, term_name, term_id, course_id from rosters",
            )
        )


def test_any_text_in_any_field_is_stored_byte_for_byte(connect, quick_sync, product, texts):
    district = connect(babel(texts))
    quick_sync(district, snapshot=True)
    found = published(product, district.id)
    assert difference(expect(district), found) == {}
    people = {key: row[:4] for key, row in found.people.items()}
    latest = read_settings().snapshots_folder / "identified" / "latest.duckdb"
    assert in_snapshot(latest) == (found.schools, people, found.rosters)
    assert quick_sync(district).total == 0


def unstorable(district):
    """(list, id, the field without it, the field as Clever sends it): a record of its own for each."""
    users, count = district.resources["users"], len(UNSTORABLE)
    for number, text in enumerate(UNSTORABLE):
        first, last, email = (users.ids()[number + step * count] for step in range(3))
        for key, field in ((first, "first"), (last, "last")):
            name = users[key]["name"]
            yield "users", key, {"name": name | {field: None}}, {"name": name | {field: text}}
        yield "users", email, {"email": None}, {"email": text}
        for resource in ("schools", "sections", "terms"):
            yield resource, district.resources[resource].ids()[number], {"name": None}, {"name": text}


def test_text_that_cannot_be_stored_loses_only_its_field(connect, quick_sync, product):
    district = connect(babel(OWN))
    readable = copy.deepcopy(district)
    spoilt = list(unstorable(district))
    for resource, key, without, sent in spoilt:
        readable.put(resource, readable.get(resource, key) | without)
        misprint(district, resource, key, sent)
    quick_sync(district)
    assert difference(expect(readable), published(product, district.id)) == {}
    with open_warehouse(read_settings().districts_folder, district.id) as con:
        counted = con.execute("select count(*), count(distinct clever_id) from raw.rejected").fetchall()
    assert counted == [(len(spoilt), len(spoilt))]
    reprint(district)
    quick_sync(district)
    assert difference(expect(district), published(product, district.id)) == {}
    before = row_versions(product)
    for resource, key, _, sent in spoilt:
        misprint(district, resource, key, sent)
    assert quick_sync(district).total == 0
    assert row_versions(product) == before
