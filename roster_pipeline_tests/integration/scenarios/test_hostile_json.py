"""Scenarios H-1, H-4, H-8 and H-9: a record with invalid or odd JSON costs itself or the whole feed."""

import json

import pytest

from roster_pipeline.clever import clever_access
from roster_pipeline.errors import SourceBroken
from roster_pipeline.extract import pagination
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.lists import read_feed
from roster_pipeline.land import open_warehouse
from roster_pipeline.model.resources import STUDENTS
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.gateway import refused
from roster_pipeline_tests.support.misprints import Misprinting
from roster_pipeline_tests.support.readers import difference, published
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.seen import person_of

NO_JSON = (
    *(b"", b" ", b"[1,]", b"[,1]", b"[1,,2]", b"[1 2]", b"[1", b"[1}", b"1]", b'{"a":1', b'{"a" 1}', b"{a:1}"),
    *(b'{"a":1,}', b"{'a':1}", b'{"a":1 "b":2}', b'{"a":/**/1}', b"[1]//", b"[1]#", b"nul", b"True", b"truth", b"NaN"),
    *(b"-Infinity", b"-", b"+1", b"01", b"-01", b"1.", b".5", b"1e", b"1e+", b"1e1.5", b"0x1", b"1 000", b"--1"),
    *(b'"a', b'"\\', b'"\\a"', b'"\\x00"', b'"\\u12"', b'"\\uD834\\u"', b'"\n"', b'"\x00"', b'"\t"', b"'a'", b'"a""'),
    *(b"\xef\xbc\x91", b"[\xc2\xa0]", b"[\xc0\xaf]", b"\xff\xfe1\x00", b"\x0c1", b"[" * 100_000, b'[{"":' * 50_000),
)
"""What no parser may take for a value, as `n_` in the well-known suites."""
JSON = (
    *(b"[]", b" [ ] \n", b"[[]   ]", b'{"":0}', b'{"a":1,"a":2}', b'{"a":[]}', b"true", b"null", b'"a"', b"-0"),
    *(b"-1e-9999", b"1E400", b"123456789012345678901234567890", b"0.4e00669999999999999999", b'"\\uD834\\uDd1e"'),
    *(b'"\\u0000"', b'"\\uD800"', b'"\\uDd1e\\uD834"', b'"\x7f"', b'"\xf4\x8f\xbf\xbf"', b'"\xe2\x80\xa8"', b'"/\\/"'),
    *(b'"\xef\xbb\xbf"', b'"\\"\\\\\\b\\f\\n\\r\\t"', b'"' + b"x" * 1_000_000 + b'"', b"[" + b"0," * 100_000 + b"0]"),
    *(b"[" * 500 + b"]" * 500, b'{"a":' * 999 + b"1" + b"}" * 999, b"[" * 100_000 + b"]" * 100_000),
)
"""What every parser takes, as `y_`; and some that the suites leave open, as `i_`."""


@pytest.fixture
def own_words(town):
    """Puts more fields, as bytes, behind those of one user's record on its way."""
    items = town.resources["users"] = Misprinting(town.resources["users"].values())

    def said(key, more):
        items.misprints[key] = b"%b,%b}" % (json.dumps(items[key]).encode()[:-1], more)

    return said


@pytest.mark.scenario("H-1")
def test_record_of_invalid_utf8_is_rejected_and_ends_nothing(town, own_words, resync, product):
    """Of the record nobody can say whose it is, so whoever seems absent may be it; all other records land."""
    known, leaver, renamed = town.student(1, "Ann", "Lake"), town.student(2), town.student(3)
    section = town.section(1, students=[known])
    resync()
    own_words(known, b'"email": "\xff\xfe"')
    town.leave(leaver)
    town.student(3, "Renamed")
    resync()
    found = published(product, town.id)
    assert found.people[known][1:3] == ("Ann", "Lake")
    assert (section, known) in found.students
    assert (found.people[renamed][1], found.members[leaver]) == ("Renamed", "student")
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        told = con.execute("select resource, clever_id, reason from raw.rejected").fetchall()
    assert told == [("students", None, "the record is not a JSON object in UTF-8")]


@pytest.mark.scenario("H-4")
def test_broken_quote_in_the_last_record_refuses_the_feed(town, own_words, hasty_sync, resync, product, monkeypatch):
    monkeypatch.setattr(pagination, "LIMIT", 7)
    resync()
    for number in range(5):
        town.student(number)
    own_words(town.resources["users"].ids()[-1], b'"ext": "')
    assert "students" in refused(hasty_sync, product, town)


@pytest.mark.scenario("H-8")
def test_record_that_is_no_json_refuses_its_list(town, own_words, tmp_path):
    key = town.student(1)
    with CleverClient(clever_access(read_settings())) as client:
        for text in NO_JSON:
            own_words(key, b'"ext":' + text)
            with pytest.raises(SourceBroken, match="students"):
                read_feed(client, town.id, tmp_path / "read", resources=(STUDENTS,))


@pytest.mark.scenario("H-8")
def test_every_valid_json_value_in_a_record_is_published(town, own_words, quick_sync, product):
    for number, text in enumerate(JSON):
        own_words(town.student(number), b'"ext":' + text)
    quick_sync(town)
    assert difference(expect(town), published(product, town.id)) == {}


@pytest.mark.scenario("H-9")
def test_repeated_json_field_takes_its_last_value(town, own_words, quick_sync, product):
    """Huge numbers, deep nesting, NUL and half surrogate pairs are `test_wrong_types`'s and `test_hostile_text`'s."""
    key, other = town.student(1, "Ann", "Lake"), town.student(2, "Bea", "Moor")
    section = town.section(1, students=[key, other])
    own_words(key, b'"name":{"first":"Cleo","first":"Dora","last":"Lake"},"email":5,"email":"dora@example.org"')
    quick_sync(town)
    found = published(product, town.id)
    assert found.people[key] == ("student", "Dora", "Lake", "dora@example.org", "dora@example.org", True)
    assert found.people[other][1:3] == ("Bea", "Moor")
    assert person_of(product, key).learns == person_of(product, other).learns == {section: "live"}
