"""Scenarios S-2, S-8 and S-12 to S-19: an incomplete feed is refused, and an interrupted read is repeated.

What a single answer may be is in `test_hostile_pages`, pages that shift under the reader in `test_safety_pages`.
"""

import json
import logging
import time

import dagster as dg
import pytest
from dagster._serdes import serialize_value

from roster_pipeline.errors import SettingRefused
from roster_pipeline.extract import pagination
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.gateway import Answer, page, refused, through
from roster_pipeline_tests.support.readers import difference, execute, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect

STUDENTS = "/v3.1/users?limit=7&role=student"
"""Of twenty students: three pages. Prefix of all three; with a cursor, of the second and third."""
TRIES = range(1, 7)


@pytest.fixture
def changed(town, known_sync, monkeypatch):
    """The town was published; then a class was renamed and a student left. Its pages hold seven records from now on."""
    known_sync(town)
    town.edit("sections", town.resources["sections"].ids()[0], name="Changed since")
    town.leave(town.student(119))
    monkeypatch.setattr(pagination, "LIMIT", 7)
    return town


@pytest.fixture
def unlike(changed, product):
    """Where the product is unlike the feed as it is now."""
    before = published(product, changed.id)
    return lambda: difference(expect(changed, before), published(product, changed.id))


def with_links(relink):
    """A gateway that rewrites the links of users: from what was asked for, and the page, to the next address."""

    def alter(asked, body):
        if asked.path.endswith("/users"):
            answer = json.loads(body)
            return page(answer["data"], relink(asked, answer))
        return None

    return alter


@pytest.mark.scenario("S-2")
def test_missing_list_makes_the_feed_incomplete(changed, clever, hasty_sync, product, subtests):
    """The others are not published alone: without one list, nobody knows whose absence the rest would prove."""
    for name in ("schools", "users?limit=7&role=teacher", STUDENTS.rpartition("/")[2], "sections", "terms", "courses"):
        with subtests.test(name):
            clever.go_wrong((f"/v3.1/{name}", 0, "404"))
            assert "404" in refused(hasty_sync, product, changed)


@pytest.mark.scenario("S-8")
def test_failed_sync_is_not_the_base_of_the_next_comparison(town, quick_sync, hasty_sync, product):
    section, leaving = town.section(1), [town.student(other) for other in range(100, 110)]
    people = [town.person(key) for key in leaving]
    hasty_sync(town)
    before = row_versions(product)
    execute(product, "alter table roster.rosters add constraint nothing check (name <> 'Refused')")
    town.edit("sections", section, name="Refused")
    town.leave(*leaving)
    refused(hasty_sync, product, town, code=6)
    town.edit("sections", section, name="Class 1")
    for person in people:
        town.put("users", person)
    plan = quick_sync(town)
    assert (plan.total, plan.held) == (0, ())
    assert row_versions(product) == before


@pytest.mark.scenario("S-12")
def test_sync_after_a_failed_page_equals_an_unbroken_one(changed, clever, hasty_sync, product, unlike):
    for kind in ("500", "drop"):
        clever.go_wrong(*((f"{STUDENTS}&starting_after", nth, kind) for nth in TRIES))
        refused(hasty_sync, product, changed)
    clever.go_wrong(*((f"{STUDENTS}&starting_after", nth, kind) for nth in (1, 2, 4)))  # each page twice and once
    hasty_sync(changed)
    assert unlike() == {}


@pytest.mark.scenario("S-13")
def test_cut_or_html_page_discards_the_whole_feed(changed, clever, hasty_sync, product, subtests):
    for kind in ("cut", "html", "empty"):
        with subtests.test(kind):
            clever.go_wrong((f"{STUDENTS}&starting_after", 1, kind))
            assert "documented" in refused(hasty_sync, product, changed)


@pytest.mark.scenario("S-14")
@pytest.mark.parametrize("last", [None, ""])
def test_absent_or_empty_next_link_ends_the_list(changed, clever, quick_sync, unlike, last):
    links = with_links(lambda _, answer: next((x["uri"] for x in answer["links"] if x["rel"] == "next"), last))
    with through(clever, links):
        quick_sync(changed)
    assert unlike() == {}


@pytest.mark.scenario("S-14")
def test_next_link_without_a_cursor_is_refused(changed, clever, hasty_sync, product):
    with through(clever, with_links(lambda asked, _: f"{asked.path}?limit=7")):
        assert "forward" in refused(hasty_sync, product, changed)


@pytest.mark.scenario("S-15")
def test_endless_pages_are_bounded_and_refused(changed, clever, hasty_sync, product, monkeypatch):
    """That the same cursor again ends it at once is `test_failures`'s."""
    monkeypatch.setattr(pagination, "LIST_MAX_PAGES", 12)

    def onward(asked, _):
        return f"{asked.path}?limit=7&starting_after={int(asked.params.get('starting_after', '0'), 16) + 1:024x}"

    with through(clever, with_links(onward)):
        assert "no end" in refused(hasty_sync, product, changed)


@pytest.mark.scenario("S-16")
def test_empty_last_page_ends_the_list(changed, clever, quick_sync, unlike):
    asked_for = []

    def one_more(asked, answer):
        asked_for.append(len(answer["data"]))
        return f"{asked.path}?limit=7&starting_after={answer['data'][-1]['data']['id']}" if answer["data"] else None

    with through(clever, with_links(one_more)):
        quick_sync(changed)
    assert asked_for.count(0) == 2
    assert unlike() == {}


@pytest.mark.scenario("S-17")
def test_revoked_token_keeps_everything_and_leaks_nothing(
    changed, clever, sync, quick_sync, product, unlike, instance, caplog
):
    caplog.set_level(logging.DEBUG)
    clever.go_wrong((f"{STUDENTS}&starting_after", 2, "401"))
    assert "reconnect" in refused(sync, product, changed)
    (run,) = instance.get_runs(limit=1)
    said = [serialize_value(entry) for entry in instance.all_logs(run.run_id)] + caplog.messages
    assert instance.get_run_by_id(run.run_id).status == dg.DagsterRunStatus.FAILURE
    assert not [line for line in said if changed.token in line]
    clever.go_wrong()
    changed.token = changed.token[::-1]
    quick_sync(changed)
    assert unlike() == {}


@pytest.mark.scenario("S-18")
def test_rate_limited_request_is_repeated_after_the_reset(changed, clever, quick_sync, unlike):
    asked_at = []

    # The first request of the sections sets the time of the reset: earlier requests may take any time.
    def too_fast(asked, _):
        if not asked.path.endswith("/sections"):
            return None
        asked_at.append(time.time())
        if len(asked_at) > 1:
            return None
        return Answer([], 429, {"X-RateLimit-Reset": str(int(asked_at[0]) + 2), "Content-Length": "0"})

    with through(clever, too_fast):
        quick_sync(changed)
    assert asked_at[1] >= int(asked_at[0]) + 2
    assert unlike() == {}


@pytest.mark.scenario("S-18")
def test_lasting_rate_limit_fails_the_sync_without_changes(changed, clever, hasty_sync, product, unlike):
    clever.go_wrong(("/v3.1/", 0, "429"))
    assert "429" in refused(hasty_sync, product, changed)
    clever.go_wrong(*(("/v3.1/", nth, "429") for nth in range(1, 30, 2)))
    hasty_sync(changed)
    assert unlike() == {}


@pytest.mark.scenario("S-19")
@pytest.mark.parametrize("version", ["v9", "v2.0", "3.1", "V3.1", "latest", "v3.1/../v2.0"])
def test_unknown_api_version_in_the_settings_is_refused(monkeypatch, version):
    monkeypatch.setenv("ROSTER_CLEVER_API_VERSION", version)
    with pytest.raises(SettingRefused, match="ROSTER_CLEVER_API_VERSION"):
        read_settings()


@pytest.mark.scenario("S-19")
def test_version_that_clever_withdrew_is_refused(changed, clever, hasty_sync, product):
    asked_for = []

    def gone(asked, _):
        asked_for.append(asked.path)
        return Answer([b"<pre>Cannot GET</pre>"], 404, {"Content-Type": "text/html"})

    with through(clever, gone):
        assert "API version" in refused(hasty_sync, product, changed)
    assert {path.split("/")[1] for path in asked_for} == {"v3.1"}
    assert query(product, "select count(*) from roster.syncs where state = 'failed'") == [(1,)]
