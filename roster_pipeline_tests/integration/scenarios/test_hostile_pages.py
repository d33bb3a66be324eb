"""Scenarios H-1 to H-9: answers that are no JSON, or odd JSON; a page is believed whole or not at all.

The scenarios tell of CSV files and manifests as well: here a file is a list, its header the page around the records,
and its manifest the `next` links.
"""

import json
from tempfile import TemporaryDirectory

import pytest

from roster_pipeline.clever import clever_access
from roster_pipeline.errors import SourceBroken
from roster_pipeline.extract import paging
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.read import read_feed
from roster_pipeline.land import open_warehouse
from roster_pipeline.model.resources import STUDENTS
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.integration.readers import difference, published, row_versions
from roster_pipeline_tests.integration.rule_book import expect
from roster_pipeline_tests.integration.scenarios.gateway import Answer, page, refused, through
from roster_pipeline_tests.integration.scenarios.seen import person_of
from roster_pipeline_tests.integration.test_wrong_types import Misprinting

NO_JSON = (
    *(
        b"",
        b" ",
        b"[1,]",
        b"[,1]",
        b"[1,,2]",
        b"[1 2]",
        b"[1",
        b"[1}",
        b"1]",
        b'{"a":1',
        b'{"a" 1}',
        b"{a:1}",
        b'{"a":1,}',
    ),
    *(b"{'a':1}", b'{"a":1 "b":2}', b'{"a":/**/1}', b"[1]//", b"[1]#", b"nul", b"True", b"truth", b"NaN", b"-Infinity"),
    *(b"-", b"+1", b"01", b"-01", b"1.", b".5", b"1e", b"1e+", b"1e1.5", b"0x1", b"1 000", b"\xef\xbc\x91", b"--1"),
    *(b'"a', b'"\\', b'"\\a"', b'"\\x00"', b'"\\u12"', b'"\\uD834\\u"', b'"\n"', b'"\x00"', b'"\t"', b"'a'", b'"a""'),
    *(b"[\xc2\xa0]", b"[\xc0\xaf]", b"\xff\xfe1\x00", b"\x0c1", b"[" * 100_000, b'{"a":' * 100_000, b'[{"":' * 50_000),
)
"""Texts that no parser may take for a value, as `n_` in the well-known suites."""
JSON = (
    *(
        b"[]",
        b" [ ] \n",
        b"[[]   ]",
        b'{"":0}',
        b'{"a":1,"a":2}',
        b'{"a":[]}',
        b"true",
        b"null",
        b'"a"',
        b"-0",
        b"1E400",
    ),
    *(b"-1e-9999", b"123456789012345678901234567890", b"0.4e00669999999999999999", b'"\\u0000"', b'"\\uD834\\uDd1e"'),
    *(
        b'"\\uD800"',
        b'"\\uDd1e\\uD834"',
        b'"\x7f"',
        b'"\xf4\x8f\xbf\xbf"',
        b'"\xe2\x80\xa8"',
        b'"\xef\xbb\xbf"',
        b'"/\\/"',
    ),
    *(
        b'"\\"\\\\\\b\\f\\n\\r\\t"',
        b"[" * 500 + b"]" * 500,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 999 + b"1" + b"}" * 999,
    ),
    *(b'"' + b"x" * 1_000_000 + b'"', b"[" + b"0," * 100_000 + b"0]"),
)
"""Texts that every parser takes, as `y_`, and some that the suites leave open, as `i_`."""


@pytest.fixture
def own_words(town):
    """Says something else in place of one user's record; the text is put between its own fields."""
    items = town.resources["users"] = Misprinting(town.resources["users"].values())

    def said(key, more: bytes):
        items.misprints[key] = b"%b,%b}" % (json.dumps(items[key]).encode()[:-1], more)

    return said


def only(name, alter):
    """A gateway that alters the answers of one list, from Clever's own body."""
    return lambda asked, body: Answer([alter(body)]) if asked.path.endswith(f"/{name}") else None


def test_h_01_given_bytes_that_are_no_utf8_when_synced_then_that_record_is_set_aside_and_nothing_ends_of_its_list(
    town, own_words, resync, product
):
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
        told = con.execute("select resource, clever_id, reason from raw.set_aside").fetchall()
    assert told == [("students", None, "the record is not a JSON object in UTF-8")]


def test_h_01_given_such_bytes_around_the_records_when_synced_then_the_feed_is_refused_and_the_list_named(
    town, clever, sync, resync, product
):
    resync()
    with through(clever, only("sections", lambda body: body.replace(b'"self"', b'"\xff"'))):
        assert "sections" in refused(sync, product, town)


def test_h_02_given_letters_cut_between_two_pieces_of_an_answer_when_synced_then_read_as_they_are(
    town, clever, quick_sync, product
):
    for number, name in enumerate(("Zoë", "李小龙", "😀👨\u200d👩\u200d👧", "Ελένη", "e\u0301")):
        town.student(number, name, name)

    def in_threes(body):
        return (body[start : start + 3] for start in range(0, len(body), 3))

    with through(clever, lambda asked, body: Answer(in_threes(body)) if asked.path.endswith("/users") else None):
        quick_sync(town)
    assert difference(expect(town), published(product, town.id)) == {}


def test_h_03_given_a_byte_order_mark_before_each_answer_when_synced_then_ignored(town, clever, quick_sync, product):
    with through(clever, lambda _, body: Answer([b"\xef\xbb\xbf", body])):
        quick_sync(town)
    assert difference(expect(town), published(product, town.id)) == {}


def test_h_04_given_a_broken_quote_in_the_last_of_many_records_when_synced_then_the_feed_is_refused_and_not_half_applied(
    town, own_words, sync, resync, product, monkeypatch
):
    monkeypatch.setattr(paging, "LIMIT", 7)
    resync()
    for number in range(5):
        town.student(number)
    own_words(town.resources["users"].ids()[-1], b'"ext": "')
    assert "students" in refused(sync, product, town)


def test_h_05_given_empty_fields_blanks_and_empty_lines_when_synced_then_ignored(town, clever, quick_sync, product):
    empty = {"": "", "ext": {}, "credentials": None, "location": {"zip": ""}, " ": []}

    def spread(asked, body):
        answer = json.loads(body)
        if isinstance(answer["data"], list):
            answer["data"] = [{**item, "data": {**empty, **item["data"]}, "": None} for item in answer["data"]]
        return Answer([b"\r\n\n \t", json.dumps({"": [], **answer}, indent=3).encode(), b"\n\n\r\n  "])

    with through(clever, spread):
        quick_sync(town)
        assert quick_sync(town).total == 0
    assert difference(expect(town), published(product, town.id)) == {}


NO_PAGES = (
    {"links": []},
    {"data": []},
    {"data": None, "links": []},
    {"data": [], "links": None},
    {"data": {}, "links": []},
    {"Data": [], "Links": []},
    {"error": "Internal error"},
    {"count": 20, "links": []},
    [],
    None,
)
"""JSON that is no page: the headers of a list, missing or unknown."""


def test_h_06_given_a_page_without_its_records_or_links_when_synced_then_refused(
    town, clever, sync, resync, product, subtests
):
    resync()
    for answer in NO_PAGES:
        with subtests.test(answer=answer), through(clever, only("users", lambda _: json.dumps(answer).encode())):  # noqa: B023
            assert "documented" in refused(sync, product, town)


@pytest.mark.parametrize("twice", ["data", "links"])
def test_h_06_given_a_page_that_names_its_records_or_links_twice_when_synced_then_refused(
    town, clever, sync, resync, product, twice
):
    """Parsers take the last: half of the list would not have been read, and nobody would know."""
    resync()
    first = {"data": b'{"data":[],', "links": b'{"links":[{"rel":"next","uri":"/v3.1/courses?starting_after=1"}],'}[
        twice
    ]
    with through(clever, only("courses", lambda body: first + body[1:])):
        refused(sync, product, town)


def test_h_06_given_records_with_unknown_fields_only_when_synced_then_none_lands_and_nobody_leaves(
    town, clever, resync, product
):
    resync()
    before = row_versions(product)
    with through(
        clever, lambda asked, _: page([{"data": {"first": "Ann"}}]) if asked.path.endswith("/users") else None
    ):
        assert resync().total == 0
    assert row_versions(product) == before


def test_h_07_given_a_page_is_announced_and_not_there_or_of_another_list_when_synced_then_refused(
    town, clever, sync, resync, product
):
    """That no link announces a page which is there, nobody can see: whoever is on it has left, as far as brakes let."""
    resync()
    cursor = f"starting_after={'f' * 24}"
    clever.go_wrong((f"/v3.1/sections?{cursor}", 0, "404"))
    for following, said in ((f"/v3.1/sections?{cursor}", "404"), (f"/v3.1/courses?{cursor}", "another host or list")):
        with through(
            clever,
            lambda asked, body, to=following: (
                page(json.loads(body)["data"], to)
                if asked.path.endswith("/sections") and not asked.params.get("starting_after")
                else None
            ),
        ):
            assert said in refused(sync, product, town)


def test_h_08_given_texts_that_are_no_json_in_one_record_when_read_then_the_list_is_refused_each_time(
    town, own_words, tmp_path
):
    key = town.student(1)
    with CleverClient(clever_access(read_settings())) as client:
        for text in NO_JSON:
            own_words(key, b'"ext":' + text)
            with TemporaryDirectory() as folder, pytest.raises(SourceBroken, match="students"):
                read_feed(client, town.id, tmp_path / folder, resources=(STUDENTS,))


def test_h_08_given_texts_that_are_json_each_in_a_record_when_synced_then_all_is_published(
    town, own_words, quick_sync, product
):
    for number, text in enumerate(JSON):
        own_words(town.student(number), b'"ext":' + text)
    quick_sync(town)
    assert difference(expect(town), published(product, town.id)) == {}


def test_h_08_given_texts_that_are_json_in_place_of_an_email_when_synced_then_that_field_or_record_alone_is_left_out(
    town, own_words, resync, product
):
    """Where a text is wanted only a text is taken; known people keep what they have, whatever comes instead."""
    keys = [town.student(number) for number in range(len(JSON))]
    resync()
    before = published(product, town.id)
    for key, text in zip(keys, JSON, strict=True):
        if not text.startswith(b'"') or b"\\u" in text:
            own_words(key, b'"email":' + text)
    town.teacher(1)
    resync()
    assert published(product, town.id).people == before.people | {
        town.teacher(1): published(product, town.id).people[town.teacher(1)]
    }


def test_h_09_given_a_field_twice_in_one_record_when_synced_then_one_of_the_two_and_nobody_elses(
    town, own_words, resync, product
):
    """Huge numbers, deep nesting, NUL and half surrogate pairs are `test_wrong_types`'s and `test_hostile_text`'s."""
    key, other = town.student(1, "Ann", "Lake"), town.student(2, "Bea", "Moor")
    section = town.section(1, students=[key, other])
    own_words(
        key,
        b'"name":{"first":"Cleo","first":"Dora","last":"Lake"},"email":"dora@example.org","email":"eve@example.org"',
    )
    resync()
    found = published(product, town.id)
    assert found.people[key] == ("student", "Dora", "Lake", "eve@example.org", "eve@example.org", True)
    assert found.people[other][1:3] == ("Bea", "Moor")
    assert person_of(product, key).learns == person_of(product, other).learns == {section: "live"}
