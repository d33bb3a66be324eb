"""The sandbox causes the requested faults, as a real HTTP client sees them."""

import time

import httpx
import pytest

from roster_pipeline.sandbox.api.faults import Fault, FaultUnknown
from roster_pipeline.sandbox.api.server import create_app

PATH = "/v3.1/users?role=student"


@pytest.fixture
def with_faults(clever):
    """Sets faults through the control route; they are taken back after the test."""

    def set_faults(*faults):
        listed = [{"path_prefix": prefix, "nth": nth, "kind": kind} for prefix, nth, kind in faults]
        return clever.post("/sandbox/faults", json=listed)

    yield set_faults
    set_faults()


def test_a_fault_happens_at_the_chosen_request_only(clever, with_faults):
    with_faults((PATH, 2, "503"))

    statuses = [clever.get(path).status_code for path in (PATH, "/v3.1/schools", PATH, PATH)]

    assert statuses == [200, 200, 503, 200]


def test_a_fault_can_happen_at_every_request(clever, with_faults):
    with_faults(("/v3.1/schools", 0, "500"))

    assert [clever.get("/v3.1/schools").status_code for _ in range(3)] == [500, 500, 500]


def test_faults_can_be_taken_back(clever, with_faults):
    with_faults(("/", 0, "500"))
    with_faults()

    assert clever.get(PATH).status_code == 200


def test_a_429_has_no_body(clever, with_faults):
    with_faults((PATH, 1, "429"))

    answer = clever.get(PATH)

    assert (answer.status_code, answer.content) == (429, b"")


def test_a_web_page_and_an_empty_body_come_with_status_200(clever, with_faults):
    with_faults((PATH, 1, "html"), (PATH, 2, "empty"))

    page, empty = clever.get(PATH), clever.get(PATH)

    assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert (empty.status_code, empty.content) == (200, b"")


def test_a_cut_body_arrives_well_and_is_no_json(clever, with_faults):
    whole = clever.get(PATH).content
    with_faults((PATH, 1, "cut"))

    assert clever.get(PATH).content == whole[: len(whole) // 2]


def test_a_dropped_connection_ends_in_mid_body(clever, with_faults):
    with_faults((PATH, 1, "drop"))

    with pytest.raises(httpx.RemoteProtocolError):
        clever.get(PATH)

    assert clever.get(PATH).status_code == 200


def test_a_delayed_answer_is_the_right_one(clever, with_faults):
    with_faults((PATH, 1, "delay:0.2"))
    started = time.monotonic()

    answer = clever.get(PATH)

    assert time.monotonic() - started >= 0.2
    assert answer.status_code == 200


def test_tokens_can_fail_too(clever, with_faults):
    with_faults(("/oauth/tokens", 1, "502"))

    assert clever.get("/oauth/tokens?owner_type=district", auth=("sandbox", "sandbox")).status_code == 502


@pytest.mark.parametrize("kind", ["explode", "999", "delay:soon", ""])
def test_an_unknown_kind_is_refused_and_changes_nothing(clever, with_faults, village, kind):
    assert with_faults((PATH, 1, kind)).status_code == 400
    assert clever.get(PATH).status_code == 200
    with pytest.raises(FaultUnknown):
        create_app([village], client_id="a", client_secret="b", faults=[Fault(PATH, 1, kind)])
