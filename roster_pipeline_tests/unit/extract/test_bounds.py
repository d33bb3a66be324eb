"""No answer and no list exceeds its limits of memory and time, however it is packed."""

from __future__ import annotations

import gzip
import json
import zlib
from itertools import count

import httpx
import pytest
import zstandard

from roster_pipeline.errors import SourceBroken, SourceUnreachable
from roster_pipeline.extract import body as body_module
from roster_pipeline.extract import pagination
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.lists import read_pages
from roster_pipeline.extract.retry import TRIES
from roster_pipeline.model.resources import SCHOOLS
from roster_pipeline_tests.support.fake_clever import ACCESS, DISTRICT, TOKEN, FakeClever, body, oid, page

MEBIBYTE = 2**20


def packed(content: bytes, encoding: str) -> httpx.Response:
    """An answer that httpx itself does not unpack in this process."""
    headers = {"Content-Encoding": encoding, "Content-Length": str(len(content))}
    return httpx.Response(200, content=iter([content]), headers=headers)


def ask(answer: httpx.Response) -> tuple[bytes, FakeClever]:
    clever = FakeClever(lambda _: answer)
    with clever.client() as client:
        return client.connection(DISTRICT).get(ACCESS.lists.join("schools")), clever


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (gzip.compress(gzip.compress(b"{}")), "gzip, gzip"),
        (zstandard.compress(b"{}"), "zstd"),
        (zlib.compress(b"{}"), "deflate"),
        (b"{}", "br"),
        (b"{}", "gzip, identity"),
        (b"{}", "\x1b[2J"),
    ],
    ids=["stacked", "zstd", "deflate", "br", "two names", "no name"],
)
def test_unrequested_encoding_is_refused_unread(content, encoding):
    pieces = iter([content])
    clever = FakeClever(lambda _: httpx.Response(200, content=pieces, headers={"Content-Encoding": encoding}))
    with clever.client() as client, pytest.raises(SourceBroken, match="not encoded with gzip") as refused:
        client.connection(DISTRICT).get(ACCESS.lists.join("schools"))
    assert (len(clever.asked), list(pieces)) == (1, [content])
    assert encoding not in str(refused.value)


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", " gzip "])
def test_gzip_is_asked_for_and_unpacked_once_in_all_its_members(encoding):
    content = body([{"id": oid(1)}])
    found, clever = ask(packed(gzip.compress(content[:9]) + gzip.compress(content[9:]), encoding))
    assert (found, clever.asked[0].headers["Accept-Encoding"]) == (content, "gzip")


@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"x" * 5_000)[:-9], b"no gzip", b"", gzip.compress(b"{}") + b"x"],
    ids=["cut", "none", "empty", "trailing"],
)
def test_gzip_that_is_cut_or_none_is_tried_again(content):
    clever = FakeClever(lambda _: packed(content, "gzip"))
    with clever.client() as client, pytest.raises(SourceUnreachable, match=r"cut|no gzip"):
        client.connection(DISTRICT).get(ACCESS.lists.join("schools"))
    assert len(clever.asked) == TRIES


def test_an_answer_is_bounded_as_it_is_unpacked(monkeypatch):
    monkeypatch.setattr(body_module, "ANSWER_MAX_BYTES", 5 * MEBIBYTE)
    with pytest.raises(SourceBroken, match="more than 5,242,880 bytes"):
        ask(packed(gzip.compress(b" " * (5 * MEBIBYTE + 1)), "gzip"))
    found, _ = ask(packed(gzip.compress(b" " * 5 * MEBIBYTE), "gzip"))
    assert len(found) == 5 * MEBIBYTE


def endless(request: httpx.Request) -> httpx.Response:
    at = int(request.url.params.get("starting_after", "0"), 16)
    return page([], f"/v3.1/schools?starting_after={oid(at + 1)}")


def test_a_list_without_an_end_is_bounded_in_bytes(monkeypatch):
    monkeypatch.setattr(pagination, "LIST_MAX_BYTES", 1_000)
    clever = FakeClever(endless)
    with clever.client() as client, pytest.raises(SourceBroken, match="no end after 1,000 bytes"):
        list(read_pages(client.connection(DISTRICT), SCHOOLS))
    assert len(clever.asked) == 1_000 // len(body([], f"/v3.1/schools?starting_after={oid(1)}")) + 1


def test_a_list_without_an_end_is_bounded_in_time():
    clever, hour = FakeClever(endless), count(step=100)
    client = CleverClient(ACCESS, transport=httpx.MockTransport(clever), elapsed=lambda: float(next(hour)))
    with client, pytest.raises(SourceBroken, match="no end after 2 hours"):
        list(read_pages(client.connection(DISTRICT), SCHOOLS))
    assert 1 < len(clever.asked) < 72


def test_the_list_of_connections_is_bounded_too(monkeypatch):
    monkeypatch.setattr(pagination, "LIST_MAX_PAGES", 10)

    def tokens(request: httpx.Request) -> httpx.Response:
        at = int(request.url.params.get("starting_after", "0"), 16)
        following = f"/oauth/tokens?starting_after={oid(at + 1)}"
        return httpx.Response(200, json={"data": [], "links": [{"rel": "next", "uri": following}]})

    with (
        CleverClient(ACCESS, transport=httpx.MockTransport(tokens)) as client,
        pytest.raises(SourceBroken, match="no end"),
    ):
        client.shared_districts()


@pytest.mark.parametrize("path", ["/oauth/tokens", "/districts/"])
def test_answers_before_the_lists_are_bounded_too(monkeypatch, path):
    monkeypatch.setattr(body_module, "ANSWER_MAX_BYTES", MEBIBYTE)
    clever = FakeClever(lambda _: page([]))

    def answer(request: httpx.Request) -> httpx.Response:
        return packed(gzip.compress(b" " * 2 * MEBIBYTE), "gzip") if path in request.url.path else clever(request)

    with (
        CleverClient(ACCESS, transport=httpx.MockTransport(answer)) as client,
        pytest.raises(SourceBroken, match="more than"),
    ):
        client.district(DISTRICT)


def test_unreadable_connection_affects_no_other_district():
    entries = [{"owner": {"type": "district", "id": DISTRICT}, "access_token": TOKEN}, {"owner": 5}, "x", None]
    broken = [{"owner": {"id": oid(5), "type": "district"}, "access_token": "t" * 17_000_000}]

    def tokens(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={"data": [*broken, *entries], "links": []})

    with CleverClient(ACCESS, transport=httpx.MockTransport(tokens)) as client:
        assert client.shared_districts() == (DISTRICT,)
        assert not client.is_list_whole
        assert client.connection(DISTRICT).token == TOKEN
        with pytest.raises(SourceBroken):  # which proves no absence
            client.connection(oid(5))


@pytest.mark.parametrize(
    "wrong", [{"name": 5}, {"name": "x" * 1_001}, {"name": "\\ud800"}, {"name": []}, {"state": {}}]
)
def test_unreadable_field_of_the_district_is_missing(wrong):
    described = {"id": DISTRICT, "name": "Example ISD", "state": "running"} | wrong
    clever = FakeClever(page, described=described)
    sent = json.dumps({"data": described, "links": []}).replace(r"\\ud800", r"\ud800")

    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=sent) if "/districts/" in request.url.path else clever(request)

    with CleverClient(ACCESS, transport=httpx.MockTransport(answer)) as client:
        district = client.district(DISTRICT)
    assert (district.name, district.state) == (
        "" if "name" in wrong else "Example ISD",
        "" if "state" in wrong else "running",
    )
