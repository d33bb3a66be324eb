"""The client handles the faults of the network and of Clever."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import pytest

from roster_pipeline.errors import (
    DistrictUnknown,
    RosterError,
    SourceBroken,
    SourceRefused,
    SourceUnreachable,
)
from roster_pipeline.extract import body as body_module
from roster_pipeline.extract import client as client_module
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.lists import read_pages
from roster_pipeline.extract.patience import FOR_SYNCS
from roster_pipeline.extract.rate_limit import MAX_REQUESTS_PER_MINUTE, RateWindow
from roster_pipeline.extract.retry import TRIES
from roster_pipeline.model.resources import SCHOOLS
from roster_pipeline_tests.support.fake_clever import (
    ACCESS,
    DISTRICT,
    OTHER,
    SECRET,
    TOKEN,
    FakeClever,
    Time,
    body,
    page,
)

LIST = httpx.URL("https://api.clever.com/v3.1/schools")
PERSON = "Ann.Example@school.example"


def ask(clever: FakeClever) -> bytes:
    with clever.client() as client:
        return client.connection(DISTRICT).get(LIST)


def answers(*each: httpx.Response | Exception) -> FakeClever:
    """A Clever that gives these answers, one after the other."""
    queue = list(each)

    def answer(request: httpx.Request) -> httpx.Response:
        given = queue.pop(0)
        if isinstance(given, Exception):
            raise given
        return given

    return FakeClever(answer)


@pytest.mark.parametrize(
    "fault",
    [
        httpx.Response(408),
        httpx.Response(429),
        httpx.Response(500, json={"message": "sorry"}),
        httpx.Response(502, html="<html>"),
        httpx.Response(503),
        httpx.Response(504),
        httpx.ConnectError("no route"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("peer closed connection without sending complete message body"),
    ],
    ids=str,
)
def test_a_passing_fault_is_tried_again(fault):
    clever = answers(fault, page([]))
    assert ask(clever) == body([])
    assert len(clever.asked) == 2


@pytest.mark.parametrize("status", [400, 401, 403, 404, 413, 501, 422])
@pytest.mark.parametrize(
    "kind", [{"json": {"message": PERSON}}, {"json": {"error": PERSON}}, {"html": "<p>"}, {"content": b""}]
)
def test_a_refusal_is_not_tried_again_and_says_where(status, kind):
    clever = answers(httpx.Response(status, **kind))
    with pytest.raises(SourceRefused) as refused:
        ask(clever)
    assert len(clever.asked) == 1
    for word in (DISTRICT, "/v3.1/schools", str(status)):
        assert word in str(refused.value)


@pytest.mark.parametrize(("status", "advice"), [(401, "reconnect"), (403, "share"), (404, "sharing")])
def test_a_refusal_says_what_to_do(status, advice):
    with pytest.raises(SourceRefused, match=advice):
        ask(answers(httpx.Response(status)))


def test_a_refusal_of_the_app_itself_blames_no_district():
    refuse = httpx.MockTransport(lambda request: httpx.Response(401))
    with CleverClient(ACCESS, transport=refuse) as client, pytest.raises(SourceRefused, match="client id"):
        client.shared_districts()


def test_a_redirect_is_no_list():
    with pytest.raises(SourceBroken):
        ask(answers(httpx.Response(302, headers={"Location": "https://elsewhere.example"})))


def trickle():
    """An answer that never stops for long, and never ends."""
    while True:
        time.sleep(0.01)
        yield b" "


def test_endless_slow_answer_is_given_up(monkeypatch):
    monkeypatch.setattr(client_module, "FOR_SYNCS", replace(FOR_SYNCS, answer_seconds=0.05))
    clever = FakeClever(lambda _: httpx.Response(200, content=trickle()))
    with pytest.raises(SourceUnreachable, match="took over"):
        ask(clever)
    assert len(clever.asked) == TRIES


def test_answer_larger_than_any_page_is_refused_early(monkeypatch):
    monkeypatch.setattr(body_module, "ANSWER_MAX_BYTES", 1000)
    pieces = iter([b" " * 600] * 3)
    clever = FakeClever(lambda _: httpx.Response(200, content=pieces))
    with pytest.raises(SourceBroken, match="more than 1,000 bytes"):
        ask(clever)
    assert (len(clever.asked), len(list(pieces))) == (1, 1)


def test_an_empty_429_waits_until_the_reset_that_clever_gives():
    time = Time()
    reset = {"X-Ratelimit-Reset": str(int(time.now) + 37)}
    clever = answers(httpx.Response(429, headers=reset), page([]))
    ask(clever)
    assert clever.time.slept == [37.5]


@pytest.mark.parametrize(("reset", "waits"), [("999999999999", 120), ("1", 0.5), ("soon", 0.75), ("", 0.75)])
def test_a_reset_that_cannot_be_right_does_not_stop_the_sync(reset, waits):
    clever = answers(httpx.Response(429, headers={"X-RateLimit-Reset": reset}), page([]))
    ask(clever)
    assert clever.time.slept == [waits]


def test_reset_of_a_server_fault_does_not_name_it():
    clever = answers(httpx.Response(500, headers={"X-RateLimit-Reset": "999999999999"}), page([]))
    ask(clever)
    assert clever.time.slept == [0.75]


def test_patience_grows_and_ends():
    clever = answers(*[httpx.Response(503) for _ in range(TRIES)])
    with pytest.raises(SourceUnreachable, match="503"):
        ask(clever)
    assert len(clever.asked) == TRIES
    assert clever.time.slept == [0.75, 1.5, 3.0, 6.0, 12.0]


@pytest.mark.parametrize(
    "fault",
    [
        httpx.Response(401, json={"error": f"Unrecognized token string {TOKEN} {PERSON}"}),
        httpx.Response(200, html=f"<p>{TOKEN} {PERSON}"),
        *[httpx.ConnectError(f"Bearer {TOKEN} {SECRET} {PERSON}")] * TRIES,
    ],
    ids=str,
)
def test_no_message_holds_a_token_a_secret_or_a_person(fault):
    with answers(*[fault] * TRIES).client() as client:
        connection = client.connection(DISTRICT)
        shown = repr(connection) + repr(client.access) + repr(client)
        with pytest.raises(RosterError) as raised:
            list(read_pages(connection, SCHOOLS))
    for secret in (TOKEN, SECRET, PERSON):
        assert secret not in shown
        assert secret not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_token_of_the_district_goes_with_every_request():
    clever = answers(page([]))
    ask(clever)
    assert clever.asked[0].headers["Authorization"] == f"Bearer {TOKEN}"


def test_shared_districts_are_listed_with_app_credentials():
    seen = []

    def answer(request):
        seen.append(request)
        return httpx.Response(200, json=FakeClever(page, (OTHER, DISTRICT)).tokens(None))

    with CleverClient(ACCESS, transport=httpx.MockTransport(answer)) as client:
        assert client.shared_districts() == (DISTRICT, OTHER)
    assert seen[0].url.params["owner_type"] == "district"
    assert seen[0].headers["Authorization"].startswith("Basic ")


def test_unshared_district_is_unknown_and_the_others_are_listed():
    with (
        FakeClever(page, (DISTRICT,)).client() as client,
        pytest.raises(DistrictUnknown, match=f"{OTHER} is not among the 1 districts .*: {DISTRICT}"),
    ):
        client.district(OTHER)


def test_a_connection_without_a_token_is_not_shared():
    clever = FakeClever(page)
    clever.tokens = lambda district: {"data": [{"owner": {"type": "district", "id": DISTRICT}}], "links": []}
    with clever.client() as client:
        assert client.shared_districts() == ()


def test_a_district_is_described_in_clevers_words():
    with FakeClever(page).client() as client:
        district = client.district(DISTRICT)
    assert (district.id, district.name, district.state, district.last_sync) == (
        DISTRICT,
        "Example ISD",
        "running",
        None,
    )


def test_an_answer_about_another_district_is_refused():
    with FakeClever(page, described={"id": OTHER}).client() as client, pytest.raises(SourceBroken):
        client.district(DISTRICT)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2023-04-09T16:06:54.403Z", datetime(2023, 4, 9, 16, 6, 54, 403_000, UTC)),
        ("2023-04-09 16:06:54", datetime(2023, 4, 9, 16, 6, 54, tzinfo=UTC)),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_upload_time_is_utc_or_unknown(text, at):
    with FakeClever(page, described={"id": DISTRICT, "last_sync": text}).client() as client:
        assert client.district(DISTRICT).last_sync == at


def test_never_more_than_1200_requests_in_any_minute():
    time = Time()
    window = RateWindow(time.sleep, time.clock)
    taken = []
    for _ in range(5_000):
        window.take()
        taken.append(time.now)
        time.now += 0.01
    assert all(later - earlier >= 60 for earlier, later in zip(taken, taken[1_200:], strict=False))
    assert taken[-1] - taken[0] < 4.2 * 60


def test_clock_put_back_delays_no_request_over_a_minute():
    clever, elapsed, ahead = FakeClever(lambda _: page([])), Time(), 400 * 86_400.0

    def clock() -> float:
        return elapsed.now + (ahead if len(clever.asked) < MAX_REQUESTS_PER_MINUTE else 0)

    with CleverClient(
        ACCESS, transport=httpx.MockTransport(clever), sleep=elapsed.sleep, clock=clock, elapsed=elapsed.clock
    ) as client:
        connection = client.connection(DISTRICT)
        for _ in range(MAX_REQUESTS_PER_MINUTE + 1):
            connection.get(ACCESS.lists.join("schools"))
    assert elapsed.slept == [60.0]


def test_the_secret_is_in_no_repr():
    assert SECRET not in repr(ACCESS)


def test_missing_answer_is_reported_before_the_first_wait(caplog: pytest.LogCaptureFixture):
    said: list[list[str]] = []

    def answer(_request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError(PERSON)

    transport = httpx.MockTransport(answer)
    with (
        CleverClient(ACCESS, transport=transport, sleep=lambda _seconds: said.append(caplog.messages[:])) as client,
        pytest.raises(SourceUnreachable),
    ):
        client.shared_districts()
    assert [len(lines) for lines in said] == [1] * (TRIES - 1)
    assert "ConnectError" in said[0][0]
    assert PERSON not in said[0][0]
