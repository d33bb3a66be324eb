"""A text that is too long costs its field or its record, and stops no sync (docs/rules.md R4.15)."""

import duckdb
import pytest

from roster_pipeline.land import open_warehouse
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import execute, published, query, row_versions
from roster_pipeline_tests.support.seen import roster_of
from roster_pipeline_tests.support.stages import leave_snapshot
from roster_pipeline_tests.support.town import Town, clever_id

ENDLESS = "x" * 17_000_000
"""Longer than a line that DuckDB reads."""
LONG = "\U0001f600" * 1_001
"""One character above the bound."""
STORED = {
    "school": "update roster.schools set name = repeat('x', 17000000) where clever_id = :key",
    "class": "update roster.rosters set name = repeat('x', 17000000) where clever_id = :key",
    "person": "update roster.accounts set last_name = repeat('x', 17000000) where id = "
    "(select account_id from roster.identity_links where clever_id = :key)",
}


@pytest.fixture
def rejections(town):
    """(list, Clever id, reason, whether the whole record) of what the last sync did not take."""

    def read():
        with open_warehouse(read_settings().districts_folder, town.id) as con:
            return set(con.execute("select resource, clever_id, reason, whole_record from raw.rejected").fetchall())

    return read


def lengthen(town, text, first=0):
    """Put `text` where it costs a field, and where it costs a record; gives what is to be set aside.

    Args:
        first: what is added to the numbers of the records.
    """
    one, two, three, four, five, six, seven = range(first + 1, first + 8)
    named, email, number = town.student(one), town.student(two), town.teacher(three)
    town.student(one, text, "Lake")
    town.student(two, email=f"{text[:321]}@example.org")
    town.teacher(three, roles={"teacher": town.role(three) | {"sis_id": text}})
    misplaced = town.student(four, roles={"student": town.role(four) | {"schools": [town.school(0), text]}})
    section, school = town.section(five, students=[named, email], name=text), town.school(six, name=text)
    subject = town.section(seven, students=[named], subject=text)
    term = clever_id(1, "term", first)
    town.put("terms", {"id": term, "district": town.id, "name": text})
    longer, longest = "is longer than 1,000 characters", "is longer than 320 characters"
    return {
        ("students", named, f"name.first {longer}", False),
        ("students", email, f"email {longest}", False),
        ("teachers", number, f"roles.teacher.sis_id {longer}", False),
        ("students", misplaced, f"roles.student.schools holds one that {longer}", True),
        ("sections", section, f"name {longer}", True),
        ("schools", school, f"name {longer}", True),
        ("sections", subject, f"subject {longer}", False),
        ("terms", term, f"name {longer}", False),
    }


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_too_long_text_keeps_what_is_published(town, quick_sync, product, rejections, mode):
    for first in (0, 10):
        plain = [town.student(first + 1), town.student(first + 2), town.teacher(first + 3), town.student(first + 4)]
        town.section(first + 5, students=plain[:2])
        town.school(first + 6)
        town.section(first + 7, students=plain[:1], subject="math")
        town.put("terms", {"id": clever_id(1, "term", first), "district": town.id, "name": "Any term"})
    quick_sync(town, snapshot=True)
    before = row_versions(product)
    aside = lengthen(town, ENDLESS) | lengthen(town, LONG, 10)
    assert quick_sync(town, mode=mode, snapshot=True).total == 0
    assert row_versions(product) == before
    assert rejections() == aside
    town.student(8)
    quick_sync(town, mode=mode)
    assert clever_id(1, "student", 8) in published(product, town.id).people


def test_newcomer_with_long_text_loses_the_field_or_is_rejected(town, quick_sync, product):
    lengthen(town, ENDLESS)
    quick_sync(town, snapshot=True)
    found = published(product, town.id)
    assert found.people[town.student(1)][1:4] == (None, "Lake", "student1@town1.example.org")
    assert found.people[town.student(2)][3] is None
    assert town.student(4) not in found.people
    assert {clever_id(1, "section", 5), clever_id(1, "school", 6)}.isdisjoint({*found.rosters, *found.schools})
    assert found.rosters[clever_id(1, "section", 7)][2] is None


def test_too_long_id_rejects_only_its_record(town, quick_sync, product):
    town.put("users", town.person(town.student(1)) | {"id": ENDLESS})
    town.section(1, students=[town.student(2), ENDLESS])
    town.section(2, students=[town.student(2)])
    quick_sync(town)
    found = published(product, town.id)
    assert {town.student(1), town.student(2)} <= found.people.keys()
    assert clever_id(1, "section", 1) not in found.rosters
    assert (clever_id(1, "section", 2), town.student(2)) in found.students


def test_too_long_district_name_keeps_the_old_one(town, quick_sync, product):
    town.edit("districts", town.id, name=ENDLESS)
    quick_sync(town, snapshot=True)
    assert query(product, "select name from roster.organizations") == [(Town().name,)]


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_long_texts_published_earlier_stop_no_sync(town, quick_sync, product, mode):
    """They stay until Clever gives another value, and analysts see their beginning."""
    person, section, school = town.student(1), town.section(1, students=[town.student(1)]), town.school(2)
    quick_sync(town)
    for statement, key in zip(STORED.values(), (school, section, person), strict=True):
        execute(product, statement, as_sync=True, key=key)
    town.student(1, email="other@example.org")
    town.student(3)
    quick_sync(town, mode=mode, snapshot=True)
    town.section(1, students=[person], name="Short again")
    town.school(2, name="Short again")
    quick_sync(town, mode="full", snapshot=True)
    assert (roster_of(product, section).name, published(product, town.id).schools[school][0]) == ("Short again",) * 2
    assert published(product, town.id).people[person][2] == "Student1"
    assert quick_sync(town).total == 0


def test_snapshot_cuts_a_long_text(town, quick_sync, product):
    section = town.section(1)
    quick_sync(town)
    execute(product, STORED["class"], as_sync=True, key=section)
    leave_snapshot(read_settings(), product)
    with duckdb.connect(read_settings().snapshots_folder / "latest.duckdb", read_only=True) as con:
        assert con.execute("select max(length(name)) from rosters").fetchall() == [(1_001,)]
