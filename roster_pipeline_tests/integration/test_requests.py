"""Refresh requests: scopes, one sync for many requests, answers in words, and estimates."""

from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from roster_pipeline.errors import CannotStart
from roster_pipeline.model.scope import Scope
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.lifecycle import begin_sync, fail_killed
from roster_pipeline.syncs.requests import estimate_answer_time, list_requests
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.requests import (
    press,  # noqa: F401 - a fixture
    requests_of,
)

NOBODY = "f" * 24


@pytest.fixture
def answers(product):
    """The requests in the order of their presses."""

    def read(district=None):
        with transaction(product) as pg:
            return list_requests(pg, district_id=district and district.id)[::-1]

    return read


def section_of(district, place=0):
    return district.resources["sections"].ids()[place]


def rename(district, key, name="Renamed"):
    district.put("sections", district.get("sections", key) | {"name": name})


def test_request_may_name_a_school_or_class(valley, known_sync, press):
    known_sync(valley)
    school, section = valley.resources["schools"].ids()[0], section_of(valley)
    assert press(valley, "school", school).scope == Scope("school", school)
    assert press(valley, "section", section).scope == Scope("section", section)


def test_foreign_or_malformed_scope_is_refused_and_not_filed(valley, hamlet, known_sync, press, product):
    known_sync(valley)
    known_sync(hamlet)
    hamlets = hamlet.resources["schools"].ids()[0]
    for kind, key in (("school", hamlets), ("school", NOBODY), ("section", section_of(hamlet)), ("section", "Art 1")):
        with pytest.raises(CannotStart) as refused:
            press(valley, kind, key)
        assert kind in str(refused.value)
        assert "\n" not in str(refused.value)
        assert hamlet.id not in str(refused.value)
    assert query(product, "select count(*) from roster.refresh_requests") == [(0,)]


def test_unknown_class_is_answered_with_whether_it_came(valley, quick_sync, known_sync, press, answers):
    known_sync(valley)
    new = valley.get("sections", section_of(valley)) | {"id": "e" * 24, "name": "Brand new"}
    for key in (new["id"], NOBODY):
        assert press(valley, "section", key).scope == Scope("district", key)
    valley.put("sections", new)
    quick_sync(valley)
    came, did_not = answers()
    assert (came.scope, came.scope_clever_id, came.state) == ("district", new["id"], "published")
    assert came.summary.startswith("In this class: ")
    assert "the class;" in came.summary
    assert did_not.summary == (
        "The requested class was not added. Elsewhere in the district: added 1 class; removed nothing."
    )


def test_one_run_answers_repeated_requests(valley, quick_sync, press, answers, instance):
    first, other, again = press(valley), press(valley, "section", NOBODY), press(valley)
    assert (first.joins, other.joins, again.joins) == (None, None, first.id)
    assert len(requests_of(instance)) == 1
    quick_sync(valley)
    assert [one.state for one in answers()] == ["published"] * 3
    assert len({one.sync_id for one in answers()}) == 1
    assert requests_of(instance)[0].skip_message
    assert press(valley).joins is None


def test_request_during_a_sync_is_answered_by_the_next(valley, quick_sync, press, product, answers):
    with transaction(product) as pg:
        begin_sync(pg, valley.id, dagster_run_id="first", mode="full", trigger="nightly", at=datetime.now(UTC))
    assert press(valley).is_behind
    assert [one.state for one in answers()] == ["queued"]


def test_both_times_of_a_request_are_kept_in_order(valley, quick_sync, press, answers):
    press(valley)
    (waiting,) = answers()
    assert (waiting.started_at, waiting.finished_at) == (None, None)
    quick_sync(valley)
    (answered,) = answers()
    assert answered.requested_at <= answered.started_at <= answered.finished_at


def test_request_during_an_outage_is_answered_with_a_time(valley, sync, press, answers, clever):
    press(valley)
    clever.go_wrong(("/v3.1/sections", 0, "401"))
    sync(valley)
    (answered,) = answers()
    assert (answered.state, answered.is_answered, bool(answered.finished_at)) == ("failed", True, True)


def test_killed_daemon_loses_no_request(valley, quick_sync, press, product, answers):
    press(valley)
    with transaction(product) as pg:
        begin_sync(pg, valley.id, dagster_run_id="killed", mode="full", trigger="manual", at=datetime.now(UTC))
    press(valley)
    with dg.DagsterInstance.ephemeral() as restarted:
        (asked,) = requests_of(restarted)
    assert asked.partition_key == valley.id
    assert [(one.state, one.started_at, one.sync_id) for one in answers()] == [("queued", None, None)] * 2
    quick_sync(valley)
    assert [one.state for one in answers()] == ["published"] * 2


def test_run_that_ended_early_is_requested_again(valley, press, instance):
    press(valley)
    for _ in range(3):
        (asked,) = requests_of(instance)
        run = dg.DagsterRun(
            "sync_roster", tags={"dagster/partition": asked.partition_key}, status=dg.DagsterRunStatus.FAILURE
        )
        instance.add_run(run)
    assert len(requests_of(instance)) == 1


def test_answered_requests_stay_when_a_run_is_closed_twice(valley, quick_sync, press, product, answers):
    press(valley)
    quick_sync(valley)
    with transaction(product) as pg:
        fail_killed(pg, "none", datetime.now(UTC))
    assert [one.state for one in answers()] == ["published"]


def test_requested_class_comes_first_in_the_answer(valley, quick_sync, known_sync, press, answers):
    known_sync(valley)
    mine, another = section_of(valley), section_of(valley, 1)
    press(valley, "section", mine)
    press(valley)
    rename(valley, mine)
    rename(valley, another)
    quick_sync(valley)
    assert [one.summary for one in answers()] == [
        "In this class: renamed the class; removed nothing. "
        "Elsewhere in the district: renamed 1 class; removed nothing.",
        "Renamed 2 classes; removed nothing.",
    ]
    assert "Renamed" not in answers()[0].summary


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_rename_is_reported_only_for_the_requested_class(valley, quick_sync, known_sync, press, answers, mode):
    known_sync(valley)
    section = next(one for one in valley.resources["sections"].values() if one["students"])
    outside = next(
        one["id"] for one in valley.resources["sections"].values() if section["students"][0] not in one["students"]
    )
    press(valley, "section", section["id"])
    press(valley, "section", outside)
    student = valley.get("users", section["students"][0])
    valley.put("users", student | {"name": student["name"] | {"first": "Somebody"}})
    quick_sync(valley, mode=mode)
    assert [one.summary for one in answers()] == [
        "In this class: changed 1 student name; removed nothing. No changes elsewhere in the district.",
        "In this class: no changes. Elsewhere in the district: changed 1 student name; removed nothing.",
    ]


def test_words_and_counts_agree_when_a_student_leaves(valley, quick_sync, known_sync, press, product):
    known_sync(valley)
    press(valley)
    leaver = next(one["id"] for one in valley.resources["users"].values() if "student" in one["roles"])
    valley.remove("users", leaver)
    for section in [*valley.resources["sections"].values()]:
        valley.put("sections", section | {"students": [one for one in section["students"] if one != leaver]})
    quick_sync(valley)
    last = "select counts -> 'told', counts ->> 'summary' from roster.syncs order by id desc limit 1"
    assert query(product, last) == [({"student": {"left": 1}}, "Removed 1 student no longer shared by Clever.")]


def test_estimate_is_median_and_maximum_of_the_last_ten(valley, hamlet, product, press):
    def took(district):
        with transaction(product) as pg:
            return estimate_answer_time(pg, district.id, datetime.now(UTC))

    assert took(valley) is None
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number, seconds in enumerate([500, 1, 2, 3, 4, 5, 6, 7, 8, 9, 30]):
        press(valley)
        asked = start + timedelta(hours=number)
        execute(
            product,
            "update roster.refresh_requests set state = 'published', requested_at = :asked, finished_at = :finished "
            "where state = 'queued'",
            asked=asked,
            finished=asked + timedelta(seconds=seconds),
        )
    press(valley)
    execute(product, "update roster.refresh_requests set state = 'failed', finished_at = now() where state = 'queued'")
    press(valley)
    press(hamlet)
    execute(
        product,
        "insert into roster.refresh_requests (organization_id, state, requested_at, finished_at) "
        "select id, 'published', now(), now() + interval '400 days' from roster.organizations",
    )
    assert (took(valley).requests, took(valley).median, took(valley).worst) == (10, 5.5, 30)
    assert took(hamlet) is None
