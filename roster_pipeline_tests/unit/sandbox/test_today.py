"""A sandbox served today has days that end today, and the same people and ids as on any other day."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from roster_pipeline.sandbox.api.server import running_sandbox
from roster_pipeline.sandbox.data.clever_values import last_upload
from roster_pipeline.sandbox.data.generate import SMALL_TOWN, DistrictSpec, default_districts, generate_district
from roster_pipeline.sandbox.data.recorded import load_district
from roster_pipeline.sandbox.data.school_day import school_days

TODAY = datetime(2031, 3, 4, 15, 20, 30, tzinfo=UTC)
TIMES = ("created", "last_modified", "last_sync", "launch_date")


@pytest.mark.parametrize(
    ("now", "uploaded"),
    [
        ("2031-03-04T15:20:30+00:00", "2031-03-04T01:00:00+00:00"),
        ("2031-03-04T01:00:00+00:00", "2031-03-04T01:00:00+00:00"),
        ("2031-03-04T00:59:59+00:00", "2031-03-03T01:00:00+00:00"),
        ("2031-03-03T20:00:00-05:00", "2031-03-04T01:00:00+00:00"),
    ],
)
def test_today_is_the_last_night_of_uploads(now, uploaded):
    assert last_upload(datetime.fromisoformat(now)) == datetime.fromisoformat(uploaded)


def make_town(days=0, today=None):
    """Make the first of the default districts. The second one has many times as many people."""
    town = generate_district(replace(SMALL_TOWN, shown=today and today - timedelta(days=days)), 20261122)
    school_days(town, days)
    return town


def without_times(value):
    """Nested values without what may differ from day to day."""
    if isinstance(value, dict):
        return {key: without_times(one) for key, one in value.items() if key not in TIMES}
    return [without_times(one) for one in value] if isinstance(value, (list, tuple)) else value


def everything(district):
    lists = {name: dict(items) for name, items in district.resources.items()}
    return district.id, district.token, {**lists, "events": dict(district.events)}


def last_sync(district):
    return district.get("districts", district.id)["last_sync"]


@pytest.mark.parametrize("days", [0, 3])
def test_the_last_day_is_today_and_each_one_before_a_day_earlier(days):
    town = default_districts(days=days, today=TODAY)[0]
    assert everything(town) == everything(make_town(days, TODAY))

    times = sorted({event["created"] for event in town.events.values()})
    assert last_sync(town) == "2031-03-04T15:20:30.000Z"
    assert times == [f"2031-03-{4 - day:02d}T15:20:30.000Z" for day in reversed(range(days))]
    assert all(user["last_modified"] <= last_sync(town) for user in town.resources["users"].values())


def test_people_and_ids_are_the_same_whenever_it_is_served():
    fixed, one, later = (make_town(2, today) for today in (None, TODAY, TODAY + timedelta(days=500)))

    assert without_times(everything(fixed)) == without_times(everything(one)) == without_times(everything(later))
    assert everything(one) != everything(later)


def test_requested_day_is_today_and_survives_a_restart():
    moments = iter([TODAY + timedelta(minutes=5), TODAY + timedelta(minutes=4)])
    running = make_town(today=TODAY)
    with running_sandbox([running], today=lambda: next(moments)) as sandbox:
        times = []
        for _ in range(2):
            httpx.post(f"{sandbox.url}/sandbox/day").raise_for_status()
            times.append(last_sync(running))

    # The clock went back a minute; the district's time does not.
    assert times == ["2031-03-04T15:25:30.000Z", "2031-03-04T15:25:31.000Z"]
    restarted = make_town(2, TODAY + timedelta(days=1))
    assert without_times(everything(running)) == without_times(everything(restarted))


def test_recorded_district_changes_today_too(tmp_path):
    village = generate_district(DistrictSpec("Given", 3, 90, 9, 30), seed=1)
    for name, items in village.resources.items():
        lines = [json.dumps(item) for item in items.values()]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines))

    given = load_district(tmp_path, TODAY - timedelta(days=2))
    school_days(given, 2)

    assert last_sync(given) == "2031-03-04T15:20:30.000Z"
    assert max(event["created"] for event in given.events.values()) == last_sync(given)
