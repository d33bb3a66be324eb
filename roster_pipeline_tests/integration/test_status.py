"""The commands status, syncs and districts: the state of each district, for people and as JSON."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from roster_pipeline.cli.words import OUTCOMES, describe_age, describe_outcome
from roster_pipeline.syncs.standing import SyncRecord
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.requests import command  # noqa: F401 - fixtures

NOW = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FAILED = """
    insert into roster.syncs (organization_id, trigger, state, counts, started_at, finished_at)
    select id, 'nightly', 'failed', '{"error": "status 503"}', :at, :at
    from roster.organizations where clever_district_id = :key
"""
REVIEW = """
    insert into roster.reviews (organization_id, clever_id, reason)
    select id, 'f', 'email_shared' from roster.organizations where name = :name
"""
HOLD = """
    insert into roster.holds (sync_id, organization_id, plan_digest, reason)
    select max(id), max(organization_id), 'd', reason from roster.syncs cross join unnest(array['a', 'b']) as reason
    group by reason
"""


@pytest.fixture
def ask(command):
    """What a command answers to machines."""
    return lambda *arguments: json.loads(command(*arguments, "--json")[1])


def test_status_is_one_line_a_district(
    valley,
    hamlet,
    known_sync,
    product,
    command,
    ask,
    monkeypatch,
):
    known_sync(valley)
    execute(product, HOLD)
    execute(product, REVIEW, name=valley.name)
    later = datetime.now(UTC) + timedelta(seconds=1)
    for at in (later, later + timedelta(seconds=1)):
        execute(product, FAILED, at=at, key=valley.id)
    (synced, never) = ask("status")
    assert (synced["district_id"], synced["holds"], synced["reviews"]) == (valley.id, 1, 1)
    assert datetime.fromisoformat(synced["failing_since"]) == later
    assert (synced["last_sync"]["state"], synced["last_sync"]["failure"]) == ("failed", "status 503")
    assert (never["district_id"], never["last_sync"], never["failing_since"]) == (hamlet.id, None, None)
    for width, has_ids in ((80, False), (120, True)):
        monkeypatch.setattr("roster_pipeline.cli.screen.out.width", width)
        lines = command("status")[1].splitlines()
        assert max(map(len, lines)) <= width
        (line,) = [line for line in lines if line.startswith(valley.name)]
        assert ("failed" in line, valley.id in line) == (True, has_ids)
        (line,) = [line for line in lines if line.startswith(hamlet.name)]
        assert "never" in line


def test_success_ends_failing_and_a_cancellation_does_not_count(valley, quick_sync, product, ask):
    execute(product, FAILED, at=datetime.now(UTC) - HOUR, key=valley.id)
    assert ask("status")[0]["failing_since"]
    quick_sync(valley)
    assert ask("status")[0]["failing_since"] is None


def test_sync_dated_ahead_is_not_the_last_for_ever(valley, product, ask):
    for at in (NOW + timedelta(days=400), NOW):
        execute(product, FAILED, at=at, key=valley.id)
    ahead, last = sorted(one["id"] for one in ask("syncs", "--district", valley.id))
    assert [one["id"] for one in ask("syncs", "--district", valley.id)] == [last, ahead]
    assert ask("status")[0]["last_sync"]["id"] == last


def test_syncs_are_listed_newest_first_in_words(
    valley,
    known_sync,
    product,
    command,
    ask,
):
    assert "no sync yet" in command("syncs", "--district", valley.id)[1]
    known_sync(valley)
    execute(product, FAILED, at=datetime.now(UTC) + timedelta(seconds=1), key=valley.id)
    failed, published = ask("syncs", "--district", valley.id)
    assert (failed["trigger"], failed["outcome"]) == ("nightly", "Failed. status 503")
    assert (published["mode"], published["trigger"], published["state"]) == ("full", "cli", "published")
    assert published["outcome"].startswith("Published. Added 60 students")
    said = command("syncs", "--district", valley.id)[1]
    assert [word for word in ("full sync", "the night", "a command", "status 503") if word not in said] == []
    assert len(ask("syncs", "--district", valley.id, "--last", "1")) == 1
    assert command("syncs", "--district", "f" * 24)[0] == 2


def test_districts_say_what_waits_and_that_a_connection_is_gone(
    valley,
    hamlet,
    known_sync,
    product,
    command,
    ask,
    monkeypatch,
):
    known_sync(valley)
    execute(product, HOLD)
    execute(product, "update roster.organizations set missing_since = now() - interval '2 hours'")
    valley.connected = False
    hamlet.put("districts", hamlet.get("districts", hamlet.id) | {"state": "error", "error": "no students.csv"})
    gone, shown = sorted(ask("districts"), key=lambda row: row["name"])
    assert (gone["state"], gone["in_clever"], gone["holds"]) == ("disconnected", "not shown", 1)
    assert (shown["state"], shown["missing_since"], shown["clever_error"]) == ("active", None, "no students.csv")
    for width in (80, 120, 160):
        monkeypatch.setattr("roster_pipeline.cli.screen.out.width", width)
        lines = command("districts")[1].splitlines()
        assert max(map(len, lines)) == width
        assert not [line for line in lines if "…" in line]
        said = " ".join(" ".join(lines).replace("│", " ").split())
        assert [word for word in (valley.id, hamlet.id, "1 plan on hold") if word not in said] == []
    assert "Clever reports an error: no students.csv" in said
    assert "has to connect the app again in Clever" in said


def test_the_old_keys_of_districts_stay(valley, ask):
    old = {"district_id", "name", "in_clever", "tier", "state", "last_sync_in_clever"}
    old |= {"last_read_at", "last_full_read_at", "last_published_at"}
    assert old <= ask("districts")[0].keys()


def sync_that(state, failure=None):
    return SyncRecord(1, "full", None, "cli", state, NOW, NOW, None, failure, None)


@pytest.mark.parametrize(
    ("sync", "words"),
    [
        (sync_that("canceled"), "Stopped by a person. Nothing was changed."),
        (sync_that("failed", "killed"), "Failed. The process was killed."),
        (sync_that("failed", "District x: status 403."), "Failed. District x: status 403."),
        (sync_that("a new state"), "A new state."),
    ],
)
def test_every_outcome_has_words(sync, words):
    assert describe_outcome(sync) == words


def test_every_state_of_the_table_has_words(product):
    check = "select pg_get_constraintdef(oid) from pg_constraint where conname = 'syncs_state_check'"
    ((definition,),) = query(product, check)
    states = {part for part in definition.split("'")[1::2] if part.isalpha()}
    assert states <= OUTCOMES.keys()


@pytest.mark.parametrize(
    ("moment", "words"),
    [
        (None, "-"),
        (NOW, "now"),
        (NOW - HOUR / 5, "12 min"),
        (NOW - 47 * HOUR, "47 h"),
        (NOW - 48 * HOUR, "2 days"),
        (NOW + timedelta(minutes=4), "now"),
        (NOW + timedelta(minutes=6), "unknown"),
    ],
)
def test_an_age_is_rounded_down_and_a_time_ahead_is_not_known(moment, words):
    assert describe_age(moment, NOW) == words
