"""Scenarios S-2, S-8 and S-12 to S-19: a feed that is not whole is no feed, and what was interrupted is asked again.

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
from roster_pipeline_tests.integration.readers import difference, execute, published, query, row_versions
from roster_pipeline_tests.integration.rule_book import expect
from roster_pipeline_tests.integration.scenarios.gateway import Answer, page, refused, through

STUDENTS = "/v3.1/users?limit=7&role=student"
"""Of twenty students: three pages. Prefix of all three; with a cursor, of the second and third."""
TRIES = range(1, 7)


@pytest.fixture
def changed(town, quick_sync, monkeypatch):
    """The town was published; then a class was renamed and a student left. Its pages hold seven records from now on."""
    quick_sync(town)
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


def test_s_02_given_a_list_is_missing_when_synced_then_the_feed_is_not_complete_and_nothing_changes(
    changed, clever, sync, product, subtests
):
    """The others are not published alone: without one list, nobody knows whose absence the rest would prove."""
    for name in ("schools", "users?limit=7&role=teacher", STUDENTS.rpartition("/")[2], "sections", "terms", "courses"):
        with subtests.test(name):
            clever.go_wrong((f"/v3.1/{name}", 0, "404"))
            assert "404" in refused(sync, product, changed)


def test_s_08_given_a_sync_failed_after_it_was_read_when_the_next_feed_is_good_then_compared_with_what_was_published(
    town, quick_sync, sync, product
):
    section, leaving = town.section(1), [town.student(other) for other in range(100, 110)]
    people = [town.person(key) for key in leaving]
    assert sync(town).exit_code == 0
    before = row_versions(product)
    execute(product, "alter table roster.rosters add constraint nothing check (name <> 'Refused')")
    town.edit("sections", section, name="Refused")
    town.leave(*leaving)
    refused(sync, product, town, code=6)
    town.edit("sections", section, name="Class 1")
    for person in people:
        town.put("users", person)
    plan = quick_sync(town)
    assert (plan.total, plan.held) == (0, ())
    assert row_versions(product) == before


def test_s_12_given_the_second_of_three_pages_fails_when_synced_again_then_equal_to_an_unbroken_run(
    changed, clever, sync, product, unlike
):
    for kind in ("500", "drop"):
        clever.go_wrong(*((f"{STUDENTS}&starting_after", nth, kind) for nth in TRIES))
        refused(sync, product, changed)
    clever.go_wrong(*((f"{STUDENTS}&starting_after", nth, kind) for nth in (1, 2, 4)))  # each page twice and once
    assert sync(changed).exit_code == 0
    assert unlike() == {}


def test_s_13_given_a_page_in_the_middle_is_cut_or_a_web_page_when_synced_then_nothing_of_the_feed_is_believed(
    changed, clever, sync, product, subtests
):
    for kind in ("cut", "html", "empty"):
        with subtests.test(kind):
            clever.go_wrong((f"{STUDENTS}&starting_after", 1, kind))
            assert "documented" in refused(sync, product, changed)


@pytest.mark.parametrize("last", [None, ""])
def test_s_14_given_no_next_link_or_an_empty_one_when_synced_then_that_was_the_last_page(
    changed, clever, quick_sync, unlike, last
):
    links = with_links(lambda _, answer: next((x["uri"] for x in answer["links"] if x["rel"] == "next"), last))
    with through(clever, links):
        quick_sync(changed)
    assert unlike() == {}


def test_s_14_given_a_next_link_without_a_cursor_when_synced_then_refused(changed, clever, sync, product):
    with through(clever, with_links(lambda asked, _: f"{asked.path}?limit=7")):
        assert "forward" in refused(sync, product, changed)


def test_s_15_given_pages_that_go_forward_for_ever_when_synced_then_bounded_and_refused(
    changed, clever, sync, product, monkeypatch
):
    """That the same cursor again ends it at once is `test_failures`'s."""
    monkeypatch.setattr(pagination, "MOST_PAGES", 12)

    def onward(asked, _):
        return f"{asked.path}?limit=7&starting_after={int(asked.params.get('starting_after', '0'), 16) + 1:024x}"

    with through(clever, with_links(onward)):
        assert "no end" in refused(sync, product, changed)


def test_s_16_given_an_empty_last_page_when_synced_then_that_was_the_end_and_all_is_published(
    changed, clever, quick_sync, unlike
):
    asked_for = []

    def one_more(asked, answer):
        asked_for.append(len(answer["data"]))
        return f"{asked.path}?limit=7&starting_after={answer['data'][-1]['data']['id']}" if answer["data"] else None

    with through(clever, with_links(one_more)):
        quick_sync(changed)
    assert asked_for.count(0) == 2
    assert unlike() == {}


def test_s_17_given_401_in_the_middle_when_synced_then_told_kept_and_no_token_said_and_a_new_token_goes_on(
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


def test_s_18_given_429_with_a_reset_when_synced_then_asked_again_after_it_and_the_result_is_equal(
    changed, clever, quick_sync, unlike
):
    reset, asked_at = int(time.time()) + 2, []

    def too_fast(asked, _):
        if not asked.path.endswith("/sections"):
            return None
        asked_at.append(time.time())
        return Answer([], 429, {"X-RateLimit-Reset": str(reset), "Content-Length": "0"}) if len(asked_at) == 1 else None

    with through(clever, too_fast):
        quick_sync(changed)
    assert asked_at[1] >= reset > asked_at[0]
    assert unlike() == {}


def test_s_18_given_a_storm_of_429_when_it_lasts_then_refused_and_when_it_calms_then_published(
    changed, clever, sync, product, unlike
):
    clever.go_wrong(("/v3.1/", 0, "429"))
    assert "429" in refused(sync, product, changed)
    clever.go_wrong(*(("/v3.1/", nth, "429") for nth in range(1, 30, 2)))
    assert sync(changed).exit_code == 0
    assert unlike() == {}


@pytest.mark.parametrize("version", ["v9", "v2.0", "3.1", "V3.1", "latest", "v3.1/../v2.0"])
def test_s_19_given_an_unknown_version_when_the_settings_are_read_then_refused_by_name(monkeypatch, version):
    monkeypatch.setenv("ROSTER_CLEVER_API_VERSION", version)
    with pytest.raises(SettingRefused, match="ROSTER_CLEVER_API_VERSION"):
        read_settings()


def test_s_19_given_clever_serves_the_version_no_more_when_synced_then_refused_and_no_other_one_is_asked_for(
    changed, clever, sync, product
):
    asked_for = []

    def gone(asked, _):
        asked_for.append(asked.path)
        return Answer([b"<pre>Cannot GET</pre>"], 404, {"Content-Type": "text/html"})

    with through(clever, gone):
        assert "API version" in refused(sync, product, changed)
    assert {path.split("/")[1] for path in asked_for} == {"v3.1"}
    assert query(product, "select count(*) from roster.syncs where state = 'failed'") == [(1,)]
