"""Answers that are late, missing or of a wrong length, and pages that shift while they are read.

Faults that the scenarios do not number. Where a whole page is wrong, see `test_safety_feed`.
"""

import json
import time
from dataclasses import replace
from threading import Event

import httpx
import pytest

from roster_pipeline.extract import client, pagination
from roster_pipeline.extract import lists as read
from roster_pipeline.extract.patience import FOR_SYNCS
from roster_pipeline_tests.support.gateway import Answer, page, refused, through
from roster_pipeline_tests.support.readers import difference, published
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.seen import person_of
from roster_pipeline_tests.support.town import OTHERS

IMPATIENT = httpx.Timeout(0.4)
JSON = "application/json"


@pytest.fixture
def few_a_page(monkeypatch):
    """Pages hold seven records, and one list is read after the other: what happens between two pages is certain."""
    monkeypatch.setattr(pagination, "LIMIT", 7)
    monkeypatch.setattr(read, "READERS", 1)


@pytest.fixture
def impatient(monkeypatch):
    """An answer is waited for less than half a second, and so is each next piece of it."""
    monkeypatch.setattr(client, "FOR_SYNCS", replace(FOR_SYNCS, timeout=IMPATIENT))


def only(path, answer):
    """A gateway that answers one list itself, from Clever's own answer."""
    return lambda asked, body: answer(body) if asked.path == path else None


def test_late_answers_are_retried_then_refused(town, clever, hasty_sync, known_sync, product, impatient):
    known_sync(town)
    clever.go_wrong(("/v3.1/terms", 0, "delay:1"))
    assert "ReadTimeout" in refused(hasty_sync, product, town)


def test_truncated_answers_are_retried_then_refused(town, clever, hasty_sync, known_sync, product, impatient):
    known_sync(town)
    over = Event()

    def hang(body):
        def pieces():
            yield body[: len(body) // 2]
            over.wait(10)

        return Answer(pieces(), headers={"Content-Type": JSON, "Content-Length": str(len(body))})

    with through(clever, only("/v3.1/sections", hang)):
        assert "ReadTimeout" in refused(hasty_sync, product, town)
        over.set()


def test_slow_answer_that_continues_is_waited_for(town, clever, quick_sync, product, impatient):
    """Between two pieces time is short, for all of them it is minutes: a page may have many megabytes."""

    def slowly(body):
        def pieces():
            for start in range(0, len(body), len(body) // 7):
                time.sleep(IMPATIENT.read / 4)
                yield body[start : start + len(body) // 7]

        return Answer(pieces())

    with through(clever, only("/v3.1/sections", slowly)):
        quick_sync(town)
    assert difference(expect(town), published(product, town.id)) == {}


WRONG_FORMS = (
    (lambda body: {"Content-Length": str(len(body) + 100)}, "RemoteProtocolError"),
    (lambda body: {"Content-Length": "many"}, "RemoteProtocolError"),
    (lambda body: {"Content-Length": str(len(body) - 2)}, "documented"),
    (lambda body: {"Content-Length": "0"}, "documented"),
    (lambda _: {"Content-Encoding": "gzip"}, "no gzip"),
    (lambda body: {"Content-Encoding": "gzip", "Content-Length": str(len(body))}, "no gzip"),
)
"""Headers that are not true of the body, and what is said of it."""


def dishonest(headers):
    return lambda body: Answer([body], headers=headers(body))


def test_answer_of_wrong_length_or_form_is_refused(town, clever, hasty_sync, known_sync, product, subtests):
    known_sync(town)
    for place, (headers, said) in enumerate(WRONG_FORMS):
        with subtests.test(place), through(clever, only("/v3.1/sections", dishonest(headers))):
            assert said in refused(hasty_sync, product, town)


def test_overlapping_pages_publish_everybody_once(town, clever, quick_sync, product, few_a_page):
    """Every page of users begins with the last two of the page before, and the first one comes twice."""
    twice = []

    def overlap(asked, body):
        answer = json.loads(body)
        following = [link["uri"] for link in answer["links"] if link["rel"] == "next"]
        if not (asked.path.endswith("/users") and following):
            return None
        ids = [item["data"]["id"] for item in answer["data"]]
        if "starting_after" not in asked.params:
            twice.append(asked.params["role"])
            return page(answer["data"], f"{asked}&starting_after={'0' * 24}")
        return page(answer["data"], following[0].replace(ids[-1], ids[-3]))

    with through(clever, overlap):
        quick_sync(town)
        assert quick_sync(town).total == 0
    assert sorted(twice) == ["student", "student", "teacher", "teacher"]
    assert difference(expect(town), published(product, town.id)) == {}


@pytest.mark.parametrize("events_on", [True, False])
def test_changes_during_reading_arrive_now_or_with_the_next_sync(
    town, clever, quick_sync, resync, product, few_a_page, events_on
):
    """After the first page of students: one of it renamed, its last one gone, one of the next page too, and one new."""
    town.events_on = events_on
    everyone = [town.student(other) for other in OTHERS]
    quick_sync(town)
    before, moments = published(product, town.id), []

    def meanwhile(asked, _):
        if asked.params.get("role") == "student" and not moments:
            moments.append(asked)
            town.start_day()
            town.student(100, "Renamed", "Since")
            town.leave(everyone[6], everyone[9])
            town.student(1)  # by its id it would be on the page that has been read

    with through(clever, meanwhile):
        resync()
    seen = published(product, town.id)
    assert moments
    first, newcomer = ("Renamed", True) if events_on else ("First100", False)
    assert (seen.people[everyone[0]][1], town.student(1) in seen.people) == (first, newcomer)
    ended = ["ended", "ended"] if events_on else ["student", "ended"]
    assert [person_of(product, everyone[place]).member for place in (6, 9)] == ended
    resync()
    assert difference(expect(town, before), published(product, town.id)) == {}


def test_record_read_twice_takes_the_newer_copy(town, clever, quick_sync, product, few_a_page):
    key = town.student(106)
    quick_sync(town)

    def moves(asked, body):
        answer = json.loads(body)
        if asked.params.get("role") != "student" or "starting_after" in asked.params:
            return None
        town.start_day()
        town.student(106, "Newer", roles={"student": town.role(106, school=1)})
        cursor = answer["data"][-2]["data"]["id"]
        return page(answer["data"], f"{asked}&starting_after={cursor}")

    with through(clever, moves):
        quick_sync(town)
    assert published(product, town.id).people[key][1] == "Newer"
    assert person_of(product, key).schools == {town.school(0): "ended", town.school(1): "primary"}
