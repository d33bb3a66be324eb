"""Describing all districts takes one request for the list and one for each district, eight at once."""

import threading

import httpx

from roster_pipeline.errors import SourceRefused, SourceUnreachable
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.descriptions import MAX_UNREACHABLE, READERS, describe_districts
from roster_pipeline_tests.support.fake_clever import ACCESS, Time, oid

PATIENCE = 60
"""Seconds after which a request that waits for others to be under way too gives up."""


class Crowd:
    """A Clever of many districts; `is_joint`: it describes one only when as many as may be are described at once."""

    def __init__(self, count, statuses=None, *, is_joint=False):
        self.ids = [oid(number) for number in range(1, count + 1)]
        self.statuses = statuses or {}
        self.is_joint = is_joint
        self.paths = []
        self.lock = threading.Lock()
        self.together = threading.Barrier(READERS, timeout=PATIENCE)
        self.under_way = self.most = 0

    def __call__(self, request):
        with self.lock:
            self.paths.append(request.url.path)
        if request.url.path == "/oauth/tokens":
            entries = [{"owner": {"type": "district", "id": each}, "access_token": each} for each in self.ids]
            return httpx.Response(200, json={"data": entries, "links": []})
        return self.describe(request)

    def describe(self, request):
        with self.lock:
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        if self.is_joint:
            self.together.wait()
        with self.lock:
            self.under_way -= 1
        district = request.url.path.rpartition("/")[2]
        assert request.headers["Authorization"] == f"Bearer {district}"
        data = {"data": {"id": district, "name": f"District {district[-2:]}"}}
        return httpx.Response(self.statuses.get(district, 200), json=data)


def describe(clever):
    time = Time()
    with CleverClient(
        ACCESS, transport=httpx.MockTransport(clever), sleep=time.sleep, clock=time.clock, random=lambda: 0.5
    ) as client:
        return describe_districts(client)


def test_eight_districts_are_described_at_once():
    clever = Crowd(3 * READERS, is_joint=True)
    found = describe(clever)
    assert list(found) == clever.ids
    assert {one.name for one in found.values()} == {f"District {each[-2:]}" for each in clever.ids}
    assert clever.paths.count("/oauth/tokens") == 1
    assert len(clever.paths) == 1 + len(clever.ids)
    assert clever.most == READERS == 8


def test_a_district_that_is_refused_leaves_the_others_described():
    refused = oid(4)
    found = describe(Crowd(READERS, {refused: 403}))
    assert isinstance(found.pop(refused), SourceRefused)
    assert len([one for one in found.values() if one.name]) == READERS - 1


def test_silent_clever_is_not_called_for_every_district():
    clever = Crowd(10 * READERS)
    clever.statuses = dict.fromkeys(clever.ids, 503)
    found = describe(clever)
    assert all(isinstance(one, SourceUnreachable) for one in found.values())
    described = {path for path in clever.paths if path != "/oauth/tokens"}
    assert MAX_UNREACHABLE <= len(described) < MAX_UNREACHABLE + READERS
    assert "was skipped" in str(found[clever.ids[-1]])
