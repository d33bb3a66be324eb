"""Scenarios H-1 to H-3 and H-5 to H-7: the bytes of an answer, and what makes it a page of a list.

The scenarios tell of CSV files and manifests as well: here a file is a list, its header the page around the records,
and its manifest the `next` links.
"""

import json

import pytest

from roster_pipeline.clever import clever_access
from roster_pipeline.errors import SourceBroken
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.lists import read_feed
from roster_pipeline.model.resources import STUDENTS
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.gateway import Answer, page, refused, through
from roster_pipeline_tests.support.readers import difference, published, row_versions
from roster_pipeline_tests.support.rule_book import expect

FIRST_SECTIONS = b"/v3.1/sections?limit=10000"


def only(name, alter):
    """A gateway that alters the answers of one list, from Clever's own body."""
    return lambda asked, body: Answer([alter(body)]) if asked.path.endswith(f"/{name}") else None


@pytest.mark.scenario("H-1")
def test_invalid_utf8_around_records_refuses_the_feed(town, clever, hasty_sync, known_sync, product):
    known_sync(town)
    with through(clever, only("sections", lambda body: body.replace(b'"self"', b'"\xff"'))):
        assert "sections" in refused(hasty_sync, product, town)


@pytest.mark.scenario("H-2")
def test_letters_cut_between_two_chunks_are_read_whole(town, clever, quick_sync, product):
    for number, name in enumerate(("Zoë", "李小龙", "😀👨\u200d👩\u200d👧", "Ελένη", "e\u0301")):
        town.student(number, name, name)

    def in_threes(body):
        return (body[start : start + 3] for start in range(0, len(body), 3))

    with through(clever, lambda asked, body: Answer(in_threes(body)) if asked.path.endswith("/users") else None):
        quick_sync(town)
    assert difference(expect(town), published(product, town.id)) == {}


@pytest.mark.scenario("H-3")
def test_byte_order_mark_before_an_answer_is_ignored(town, clever, quick_sync, product):
    with through(clever, lambda _, body: Answer([b"\xef\xbb\xbf", body])):
        quick_sync(town)
    assert difference(expect(town), published(product, town.id)) == {}


@pytest.mark.scenario("H-5")
def test_empty_fields_blanks_and_empty_lines_are_ignored(town, clever, quick_sync, product):
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


@pytest.mark.scenario("H-6")
def test_page_without_records_or_links_is_refused(town, clever, tmp_path):
    said = []
    with through(clever, only("users", lambda _: said[-1])), CleverClient(clever_access(read_settings())) as client:
        for answer in NO_PAGES:
            said.append(json.dumps(answer).encode())
            with pytest.raises(SourceBroken, match="documented"):
                read_feed(client, town.id, tmp_path / "read", resources=(STUDENTS,))


@pytest.mark.scenario("H-6")
def test_records_with_only_unknown_fields_remove_nobody(town, clever, resync, known_sync, product):
    known_sync(town)
    before = row_versions(product)
    with through(
        clever, lambda asked, _: page([{"data": {"first": "Ann"}}]) if asked.path.endswith("/users") else None
    ):
        assert resync().total == 0
    assert row_versions(product) == before


@pytest.mark.scenario("H-7")
def test_announced_page_that_is_missing_or_foreign_is_refused(town, clever, hasty_sync, known_sync, product):
    """That no link announces a page which is there, nobody can see: whoever is on it has left, as far as brakes let."""
    known_sync(town)
    cursor = f"starting_after={'f' * 24}"
    clever.go_wrong((f"/v3.1/sections?{cursor}", 0, "404"))
    for following, said in ((f"/v3.1/sections?{cursor}", "404"), (f"/v3.1/courses?{cursor}", "another host or list")):
        announced = page([], following).pieces[0]
        with through(clever, lambda asked, _, to=announced: Answer([to]) if asked.raw_path == FIRST_SECTIONS else None):
            assert said in refused(hasty_sync, product, town)
