"""Scenarios H-19 to H-22 and H-25: invalid, mistyped, unknown or unusual values do not stop the other records."""

import json

import duckdb
import pytest

from roster_pipeline.land import open_warehouse
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.misprints import misprint
from roster_pipeline_tests.support.readers import difference, published, row_versions
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.seen import roster_of

MARK = "Quackenbush"
"""In every field that the product does not use, and in no other."""
GRADES = (
    *("TransitionalKindergarten", "Ungraded", "Other", "", "007", "13", "Kindergarten ", "12º", "PostGraduate", "-1"),
    *("InfantToddler", "0", "1e3", "Grade \u2028 4", "😀", "null", "x" * 300),
)


@pytest.fixture
def rejections(town):
    """(list, Clever id, reason, whether the whole record) of what the last sync did not take."""

    def told():
        with open_warehouse(read_settings().districts_folder, town.id) as con:
            return set(con.execute("select resource, clever_id, reason, whole_record from raw.rejected").fetchall())

    return told


@pytest.mark.scenario("H-19")
def test_values_outside_their_lists_are_text_or_ignored(town, quick_sync, product):
    town.edit("districts", town.id, state="semi-active")
    town.section(1, students=[town.student(1)], subject="cheating", grade="semi-active", period="never")
    town.student(2, roles={"student": town.role(2), "cheater": {"school": 5}, "staff": None})
    quick_sync(town)
    assert difference(expect(town), published(product, town.id)) == {}


@pytest.mark.scenario("H-20")
def test_wrong_types_are_refused_with_their_place(town, resync, product, rejections):
    keys = [town.student(number) for number in range(3)]
    sections = [town.section(number, students=keys) for number in range(3)]
    resync()
    before = row_versions(product)
    misprint(town, "users", keys[0], {"id": 48151623421})
    misprint(town, "users", keys[1], {"roles": {"student": {"schools": "all"}}})
    misprint(town, "sections", sections[0], {"students": None})
    misprint(town, "sections", sections[1], {"teachers": {"0": keys[2]}})
    assert resync().total == 0
    assert row_versions(product) == before
    assert rejections() == {
        ("students", None, "id is not text", True),
        ("students", keys[1], "roles.student.schools is not a list", True),
        ("sections", sections[0], "students is missing", True),
        ("sections", sections[1], "teachers is not a list", True),
    }


def with_more(item, mark):
    """An object as Clever may send it one day: more fields, at every depth."""
    more = {"ext": {"any": mark}, "dob": mark, "location": {"address": mark, "zip": [mark]}, mark: mark}
    parts = {name: with_more(part, mark) for name, part in item.items() if isinstance(part, dict)}
    return {**item, **parts, **more}


@pytest.mark.scenario("H-21")
def test_unknown_fields_are_ignored_and_not_stored(town, quick_sync, product):
    """Not in raw either: only the fields that the product uses are stored (docs/rules.md R6.1)."""
    for name in ("schools", "users", "sections", "terms", "courses"):
        for item in list(town.resources[name].values()):
            town.put(name, with_more(item, MARK))
    quick_sync(town, snapshot=True)
    assert difference(expect(town), published(product, town.id)) == {}
    for name in ("users", "sections"):
        for item in list(town.resources[name].values()):
            town.put(name, with_more(item, MARK[::-1]))
    assert quick_sync(town).total == 0
    kept = [*everything_in(f"{town.id}.duckdb"), *map(repr, row_versions(product, without=set()).values())]
    assert len(kept) > 20
    assert not [table for table in kept if MARK in table or MARK[::-1] in table]
    files = [path for path in read_settings().home.rglob("*") if path.is_file()]
    assert files
    assert not [path.name for path in files if MARK.encode() in path.read_bytes()]


def everything_in(name):
    """Every table of a district's file, as text."""
    with duckdb.connect(read_settings().districts_folder / name, read_only=True) as con:
        tables = con.execute("select table_schema, table_name from information_schema.tables").fetchall()
        return [repr(con.execute(f'select * from {schema}."{table}"').fetchall()) for schema, table in tables]


@pytest.mark.scenario("H-22")
def test_unusual_grades_are_accepted_as_text(town, quick_sync, product):
    schools = {town.school(2 + n, low_grade=grade, high_grade=grade): grade for n, grade in enumerate(GRADES)}
    sections = {town.section(n, grade=grade, students=[town.student(n)]): grade for n, grade in enumerate(GRADES)}
    quick_sync(town)
    found = published(product, town.id)
    assert {key: found.schools[key][3:] for key in schools} == {key: (g or None,) * 2 for key, g in schools.items()}
    assert {key: found.rosters[key][3] for key in sections} == {key: grade or None for key, grade in sections.items()}
    assert quick_sync(town).total == 0


@pytest.mark.scenario("H-25")
def test_wrong_optional_field_is_dropped_and_needed_one_refuses(town, quick_sync, product, rejections):
    wrong = {
        town.student(1): {"email": ["ann@example.org"]},
        town.student(2): {"name": {"first": 5, "last": "Lake"}},
        town.student(3): {"roles": "student"},
    }
    section = town.section(1, students=wrong)
    for key, fields in wrong.items():
        misprint(town, "users", key, fields)
    misprint(town, "sections", town.section(2), {"subject": {"name": "Maths"}, "period": 3})
    quick_sync(town)
    people = published(product, town.id).people
    no_email, no_first_name, nobody = wrong
    assert people[no_email][1:4] == ("First1", "Student1", None)
    assert people[no_first_name][1:4] == (None, "Lake", "student2@town1.example.org")
    assert nobody not in people
    assert roster_of(product, section).awaited == {nobody: "student"}
    assert roster_of(product, town.section(2)).state == "live"
    assert rejections() == {
        ("students", no_email, "email is not text", False),
        ("students", no_first_name, "name.first is not text", False),
        ("students", nobody, "roles is not an object", True),
        ("sections", town.section(2), "subject is not text", False),
        ("sections", town.section(2), "period is not text", False),
    }
    assert "ann@example.org" not in json.dumps(sorted(map(repr, rejections())))
