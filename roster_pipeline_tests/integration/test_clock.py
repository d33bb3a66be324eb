"""The freshness of a district appears in `districts`, in `why` and after a sync."""

import json
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from roster_pipeline.cli import main
from roster_pipeline.cli.why import parse_time
from roster_pipeline.errors import CannotStart
from roster_pipeline.land import open_warehouse, read_land_result
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.settings import read_settings
from roster_pipeline.syncs.lifecycle import SyncReport, begin_sync, finish_sync
from roster_pipeline_tests.support.readers import execute, query

NOW = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)


@pytest.fixture
def ask(environment, monkeypatch, capsys):
    """What a command answers to machines."""

    def answered(*arguments):
        monkeypatch.setattr(sys, "argv", ["roster-pipeline", *arguments, "--json"])
        with pytest.raises(SystemExit):
            main()
        return json.loads(capsys.readouterr().out)

    return answered


@pytest.fixture
def steps(valley, ask):
    """The steps of the chain of a class, by name; of a change made so many hours ago."""

    def of(*, changed=None):
        when = ["--changed-at", (datetime.now(UTC) - timedelta(hours=changed)).isoformat()] if changed else []
        (chain,) = ask("why", "--section", valley.resources["sections"].ids()[0], *when)["chains"]
        return {step["name"]: step for step in chain["steps"]}

    return of


def uploaded(district, hours_ago):
    """Clever took in the district's files so many hours ago."""
    took = (datetime.now(UTC) - timedelta(hours=hours_ago)).isoformat(timespec="milliseconds")
    district.put("districts", district.get("districts", district.id) | {"last_sync": took.replace("+00:00", "Z")})


def told(steps):
    return steps["Clock"]["facts"]["reached"], steps["Clock"]["state"], steps["Next"]["facts"]["whose"]


def test_districts_list_shows_three_times_after_a_sync(valley, hamlet, quick_sync, ask):
    uploaded(valley, 2)
    quick_sync(valley)
    rows = {row["district_id"]: row for row in ask("districts")}
    hops = [datetime.fromisoformat(rows[valley.id][name]) for name in ("last_sync_in_clever", "last_read_at")]
    hops.append(datetime.fromisoformat(rows[valley.id]["last_published_at"]))
    assert hops == sorted(hops)
    assert rows[valley.id]["last_full_read_at"] == rows[valley.id]["last_read_at"]
    assert {rows[hamlet.id][name] for name in ("last_read_at", "last_full_read_at", "last_published_at")} == {None}


def test_districts_list_fits_80_columns(valley, known_sync, environment, monkeypatch, capsys):
    known_sync(valley)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setattr(sys, "argv", ["roster-pipeline", "districts"])
    with pytest.raises(SystemExit):
        main()
    said = capsys.readouterr().out
    assert valley.id in said
    assert said.count(" ET") >= 3
    assert max(len(line) for line in said.splitlines()) <= 80


def test_published_data_is_dated_by_the_start_of_the_read(valley, known_sync, product):
    plan = known_sync(valley)
    started = query(product, "select started_at from roster.syncs")[0][0]
    with transaction(product) as pg:
        first = find_organization(pg, valley.id)
    assert (first.last_read_at, first.last_full_read_at) == (started, started)
    with open_warehouse(read_settings().districts_folder, valley.id) as con:
        district = read_land_result(con).district
    with transaction(product) as pg:
        sync = begin_sync(pg, valley.id, dagster_run_id="delta", mode="delta", trigger="manual", at=NOW)
        delta = replace(plan, sync_id=sync, sync_uid=None)
        finish_sync(pg, delta, district, SyncReport(""), at=NOW, read_at=NOW - timedelta(seconds=3))
        second = find_organization(pg, valley.id)
    assert (second.last_read_at, second.last_full_read_at) == (NOW - timedelta(seconds=3), started)
    assert second.freshness.us_to_published == NOW


def test_why_without_a_change_shows_times_and_the_usual_action(valley, known_sync, steps):
    known_sync(valley)
    clock = steps()["Clock"]
    assert (clock["state"], clock["says"].count(" ET")) == ("ok", 3)
    assert {"sis_to_clever", "clever_to_us", "us_to_published"} <= clock["facts"].keys()
    assert steps()["Next"]["facts"]["whose"] == "nobody"


def test_change_after_the_last_upload_is_not_in_clever(valley, quick_sync, steps):
    uploaded(valley, 5)
    quick_sync(valley)
    answer = steps(changed=2)
    assert told(answer) == ("nowhere", "waiting", "district")
    assert "has not reached Clever yet. Clever last received the district's data" in answer["Clock"]["says"]


def test_uploaded_change_arrives_with_the_next_sync(valley, quick_sync, steps):
    uploaded(valley, 5)
    quick_sync(valley)
    uploaded(valley, 1)
    answer = steps(changed=2)
    assert told(answer) == ("clever", "waiting", "sync")
    assert "has reached Clever but not us" in answer["Clock"]["says"]
    quick_sync(valley)
    answer = steps(changed=2)
    assert told(answer) == ("published", "ok", "nobody")
    assert "was read from Clever" in answer["Clock"]["says"]


def test_unreachable_clever_dates_the_answer_of_why(valley, quick_sync, steps, clever):
    uploaded(valley, 5)
    quick_sync(valley)
    clever.go_wrong(("/oauth", 0, "401"))
    answer = steps(changed=2)
    assert told(answer) == ("nowhere", "waiting", "district")
    assert "cannot be asked now" in answer["Clock"]["says"]


def test_unknown_upload_time_is_reported_as_unknown(valley, quick_sync, steps, product):
    valley.put("districts", {**valley.get("districts", valley.id), "last_sync": None})
    quick_sync(valley)
    assert told(steps(changed=2))[:2] == ("unknown", "unknown")


def test_paused_district_names_its_admin_as_next(valley, quick_sync, steps, product):
    uploaded(valley, 5)
    quick_sync(valley)
    execute(product, "update roster.organizations set state = 'paused'")
    assert told(steps(changed=2)) == ("nowhere", "waiting", "admin")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("09:15", datetime(2026, 11, 26, 9, 15, tzinfo=UTC)),
        ("9:15", datetime(2026, 11, 26, 9, 15, tzinfo=UTC)),
        ("2026-11-25T23:15", datetime(2026, 11, 25, 23, 15, tzinfo=UTC)),
        ("2026-11-26T05:15-05:00", datetime(2026, 11, 26, 10, 15, tzinfo=UTC)),
    ],
)
def test_a_time_is_utc_unless_it_names_a_zone(text, expected):
    assert parse_time(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "noon", "25:00", "11:01", "2026-11-26T09:15-05:00"])
def test_what_is_no_time_or_still_to_come_is_refused(text):
    with pytest.raises(CannotStart):
        parse_time(text, NOW)
