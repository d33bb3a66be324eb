"""The earlier lists with the events since then equal the present lists, whatever happens in Clever."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from random import Random

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from roster_pipeline.errors import EventsMissing
from roster_pipeline.extract.client import CleverAccess, CleverClient
from roster_pipeline.extract.events import find_newest_event, read_events
from roster_pipeline.extract.lists import read_pages
from roster_pipeline.land import land, open_warehouse
from roster_pipeline.model.feed import Cursor, Feed
from roster_pipeline.model.resources import RESOURCES
from roster_pipeline.sandbox.api.server import running_sandbox
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.generate import DistrictSpec, generate_district
from roster_pipeline.sandbox.data.school_day import school_day
from roster_pipeline_tests.support.fake_clever import DISTRICT, FakeClever, oid, page
from roster_pipeline_tests.support.feed_of_events import read_records

HAMLET = DistrictSpec("Hamlet", 2, 60, 8, 20, 4.0, staff=2, admins=1, contacts=5)
LISTS = ("schools", "users", "sections", "terms", "courses")


def by_id(lists) -> dict[str, dict[str, dict[str, object]]]:
    """The records of all lists; `last_modified` is no content (docs/clever-api.md#records)."""
    return {
        name: {record.pop("id"): {k: v for k, v in record.items() if k != "last_modified"} for record in records}
        for name, records in lists.items()
    }


def now(connection):
    """The lists as Clever gives them; those without a record are left out."""
    lists = {
        resource.name: [
            json.loads(line) for each in read_pages(connection, resource) for line in each.lines.splitlines()
        ]
        for resource in RESOURCES
    }
    return by_id({name: records for name, records in lists.items() if records})


def after(lists, changes):
    """The lists with the events' records put in their places, and without those who are gone."""
    put = by_id(read_records(changes))
    names = {*lists, *put}
    ended = {
        name: {
            key: record
            for key, record in {**lists.get(name, {}), **put.get(name, {})}.items()
            if key not in changes.deleted[name]
        }
        for name in names
    }
    return {name: records for name, records in ended.items() if records}


@pytest.fixture
def hamlet():
    """A district that is served, and the connection to it."""
    district = generate_district(HAMLET, seed=3)
    with running_sandbox([district], clock=lambda: 0.0) as sandbox:
        access = CleverAccess(sandbox.url, sandbox.url, "v3.1", "sandbox", "sandbox")
        with CleverClient(access) as client:
            yield district, client


@pytest.mark.parametrize("size", [1, 2, 3, 10_000])
def test_school_days_over_http_in_pages_of_any_size(hamlet, tmp_path, size):
    district, client = hamlet
    connection = client.connection(district.id)
    district.events_a_page = size
    since = find_newest_event(connection, None)
    lists = now(connection)
    for day in (1, 2, 3):
        school_day(district, day, seed=3)
        found = read_events(connection, since, tmp_path)
        since, lists = found.cursor, after(lists, found)
        assert lists == now(connection)
        assert (since, found.unknown_types) == (find_newest_event(connection, None), {})
    assert since.last == district.events.ids()[-1]


def test_events_during_a_full_read_change_nothing_when_reread(hamlet, tmp_path):
    district, client = hamlet
    connection = client.connection(district.id)
    school_day(district, 1, seed=3)
    since = find_newest_event(connection, None)
    school_day(district, 2, seed=3)
    lists = now(connection)
    found = read_events(connection, since, tmp_path)
    assert found.events > 0
    assert after(lists, found) == lists


@pytest.mark.scenario("E-14")
@pytest.mark.parametrize("lost", ["expired", "forgotten"])
def test_expired_cursor_shows_a_gap_in_the_events(hamlet, tmp_path, lost):
    district, client = hamlet
    connection = client.connection(district.id)
    school_day(district, 1, seed=3)
    since = find_newest_event(connection, None)
    if lost == "expired":
        for _ in range(31):
            district.start_day()
    school_day(district, district.day + 1, seed=3)
    if lost == "forgotten":
        district.forget_events(next(key for key in district.events.ids() if key > since.last))
    with pytest.raises(EventsMissing):
        read_events(connection, since, tmp_path)
    assert read_events(connection, find_newest_event(connection, since), tmp_path).events == 0


def test_what_changed_while_events_were_off_is_in_no_event(hamlet, tmp_path):
    district, client = hamlet
    connection = client.connection(district.id)
    school_day(district, 1, seed=3)
    since = find_newest_event(connection, None)
    district.events_on = False
    school_day(district, 2, seed=3)
    assert read_events(connection, since, tmp_path).cursor == since


def test_the_files_are_such_that_a_warehouse_loads_them(hamlet, tmp_path):
    district, client = hamlet
    connection = client.connection(district.id)
    school_day(district, 1, seed=3)
    found = read_events(connection, Cursor(None, None), tmp_path)
    with open_warehouse(tmp_path / "districts", district.id) as con:
        landed = land(con, Feed(connection.district(), found.lists), 1)
        ids = con.execute("SELECT id FROM raw.sections ORDER BY id").fetchall()
    assert landed.rows == {each.resource.name: each.rows for each in found.lists}
    assert [key for (key,) in ids] == list(by_id(read_records(found))["sections"])


def record(name: str, number: int, variant: int) -> dict[str, object]:
    """One of four records that a thing in Clever may be."""
    made: dict[str, object] = {"id": oid(LISTS.index(name) * 100 + number), "district": DISTRICT, "name": f"{variant}"}
    if name == "users":
        role = {"school": oid(variant), "schools": [oid(variant)]}
        roles = ({"student": role}, {"teacher": role}, {"student": role, "teacher": role}, {"staff": {}})[variant]
        return made | {"name": {"first": "Ann", "last": f"{variant}"}, "roles": roles}
    if name == "sections":
        return made | {"students": [oid(100 + each) for each in range(variant)]}
    return made


class Served(FakeClever):
    """A sandbox's district by another way: its events in random pages, some twice, none in order."""

    def __init__(self) -> None:
        super().__init__(self.give)
        self.district = SandboxDistrict({"id": DISTRICT, "name": "Tiny", "state": "running"}, {})
        self.coming: list[list[dict[str, object]]] = []

    def shuffle(self, since: Cursor, size: int, chance: Random) -> None:
        """The pages of the next reading: what lies after the cursor, and some of what lies before it."""
        district = self.district
        keys = [key for key in district.events if key > (since.before or "")]
        keys += chance.choices(district.events.ids(), k=chance.randrange(4)) if len(district.events) else []
        chance.shuffle(keys)
        events = [district.events[key] for key in keys]
        self.coming = [events[at : at + size] for at in range(0, len(events), size)] or [[]]

    def give(self, request: httpx.Request) -> httpx.Response:
        name = request.url.path.rpartition("/")[2]
        if name == "events":
            events = self.coming.pop(0)
            following = f"/v3.1/events?starting_after={'f' * 16}{2**32 - len(self.coming):08x}"
            return page(events, following if self.coming else None)
        role = request.url.params.get("role")
        items = self.district.resources[name].values()
        return page([item for item in items if role is None or role in item["roles"]])


puts = st.tuples(st.just("put"), st.sampled_from(LISTS), st.integers(0, 3), st.integers(0, 3))
removals = st.tuples(st.just("remove"), st.sampled_from(LISTS), st.integers(0, 3))
reads = st.tuples(st.just("read"), st.integers(1, 4), st.integers(0, 2**16))
losses = st.tuples(st.just("forget"), st.integers(1, 5))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(puts, puts, puts, removals, reads, losses), min_size=5, max_size=30))
def test_lists_and_events_in_any_order_make_the_lists_of_now(steps):
    clever = Served()
    district = clever.district
    with tempfile.TemporaryDirectory() as folder, clever.client() as client:
        connection, into = client.connection(DISTRICT), Path(folder)
        since, lists = Cursor(None, None), {}
        for kind, *what in (*steps, ("read", 3, 0)):
            if kind == "put":
                district.put(what[0], record(*what))
            elif kind == "remove" and record(*what, 0)["id"] in district.resources[what[0]]:
                district.remove(what[0], record(*what, 0)["id"])
            elif kind == "forget" and since.last and len(district.events) > what[0]:
                district.forget_events(district.events.ids()[what[0]])
            elif kind == "read":
                size, chance = what[0], Random(what[1])
                clever.shuffle(since, size, chance)
                if since.last in (None, *district.events):
                    found = read_events(connection, since, into)
                    since, lists = found.cursor, after(lists, found)
                else:
                    with pytest.raises(EventsMissing):
                        read_events(connection, since, into)
                    clever.shuffle(since, size, chance)
                    since = find_newest_event(connection, since)
                    lists = now(connection)
                assert lists == now(connection)
