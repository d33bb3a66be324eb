"""Provide the network to Clever, and one that spoils answers as the sandbox cannot: pages repeat or never end.

Only faults that can be noticed are produced. A list that is cut and says that it is complete looks like a shorter list.
"""

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping
from threading import Lock
from typing import Any

import httpx

Body = dict[str, Any]
MEBIBYTE, BOMB_MEBIBYTES = 2**20, 600
"""More than the largest answer that the client reads."""
CHANGING = "records change while pages are read"


class Network(httpx.HTTPTransport):
    """The real network, which stays open between clients, because opening it takes as long as reading a small feed."""

    def close(self) -> None:
        pass


NETWORK = Network()


class Crooked(httpx.BaseTransport):
    """Spoil the nth page of a list. The first page is 1, and 0 spoils every page.

    Args:
        faults: (start of the path, nth, name of one of `SPOILT`).
        change: something happens in Clever.
    """

    def __init__(self, faults: list[tuple[str, int, str]], change: Callable[[], object]) -> None:
        self._change = change
        self._faults = [[*fault, 0] for fault in faults]
        self._before: dict[tuple[str, str | None], Body] = {}
        self._turn = Lock()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = NETWORK.handle_request(request)
        body = answer.read()
        with self._turn:
            due = [spoil for spoil in (self._due(fault, request.url.path) for fault in self._faults) if spoil]
            page = _page(body) if due and answer.status_code == 200 else None
            if page is None:
                return httpx.Response(answer.status_code, headers=answer.headers, content=body, request=request)
            return due[0](self, request, page)

    def _due(self, fault: list[Any], path: str) -> "Spoil | None":
        start, nth, kind, seen = fault
        if not path.startswith(start):
            return None
        fault[3] = seen + 1
        return SPOILT[kind] if nth in (0, seen + 1) else None

    def _twice(self, request: httpx.Request, page: Body) -> httpx.Response:
        """Send each record twice."""
        return _answer(request, page | {"data": page["data"] * 2})

    def _overlap(self, request: httpx.Request, page: Body) -> httpx.Response:
        """Send the records of the first page again in this page."""
        first = self._before.setdefault((request.url.path, request.url.params.get("role")), page)
        return _answer(request, page | {"data": page["data"] + first["data"]})

    def _changing(self, request: httpx.Request, page: Body) -> httpx.Response:
        """Send the correct answer, and change the data in Clever before the next one."""
        self._change()
        return _answer(request, page)

    def _backwards(self, request: httpx.Request, page: Body) -> httpx.Response:
        return _answer(request, page | {"data": page["data"][::-1]})

    def _endless(self, request: httpx.Request, page: Body) -> httpx.Response:
        """Send a page that links to itself as the next page."""
        return _answer(request, page | _next(request.url.raw_path.decode()))

    def _from_the_start(self, request: httpx.Request, page: Body) -> httpx.Response:
        return _answer(request, page | _next(f"{request.url.path}?limit=2"))

    def _elsewhere(self, request: httpx.Request, page: Body) -> httpx.Response:
        return _answer(request, page | _next(f"https://elsewhere.example{request.url.path}?starting_after={'f' * 24}"))

    def _other_list(self, request: httpx.Request, page: Body) -> httpx.Response:
        return _answer(request, page | _next(f"/v3.1/courses/none?starting_after={'f' * 24}"))

    def _no_data(self, request: httpx.Request, page: Body) -> httpx.Response:
        return _answer(request, {"links": page.get("links", [])})

    def _not_a_list(self, request: httpx.Request, page: Body) -> httpx.Response:
        return _answer(request, page | {"data": {"all": "of them"}})

    def _more_than_promised(self, request: httpx.Request, page: Body) -> httpx.Response:
        return httpx.Response(200, content=json.dumps(page).encode() + b'{"data": []}', request=request)

    def _broken_gzip(self, request: httpx.Request, page: Body) -> httpx.Response:
        content = _Sent(json.dumps(page).encode())
        return httpx.Response(200, headers={"content-encoding": "gzip"}, stream=content, request=request)

    def _gzip_bomb(self, request: httpx.Request, page: Body) -> httpx.Response:
        """Send the page with more blanks than a page may have, packed in a few bytes."""
        return _packed(request, page, "gzip")

    def _stacked_gzip(self, request: httpx.Request, page: Body) -> httpx.Response:
        """Send the same, packed twice."""
        return _packed(request, page, "gzip, gzip")

    def _late(self, request: httpx.Request, page: Body) -> httpx.Response:
        raise httpx.ReadTimeout("nothing came in time", request=request)

    def _refused(self, request: httpx.Request, page: Body) -> httpx.Response:
        raise httpx.ConnectError("connection refused", request=request)


Spoil = Callable[[Crooked, httpx.Request, Body], httpx.Response]
SPOILT: Mapping[str, Spoil] = {
    "twice": Crooked._twice,
    "overlap": Crooked._overlap,
    CHANGING: Crooked._changing,
    "backwards": Crooked._backwards,
    "endless": Crooked._endless,
    "from the start": Crooked._from_the_start,
    "elsewhere": Crooked._elsewhere,
    "other list": Crooked._other_list,
    "no data": Crooked._no_data,
    "not a list": Crooked._not_a_list,
    "more than promised": Crooked._more_than_promised,
    "broken gzip": Crooked._broken_gzip,
    "gzip bomb": Crooked._gzip_bomb,
    "stacked gzip": Crooked._stacked_gzip,
    "late": Crooked._late,
    "refused": Crooked._refused,
}


class _Sent(httpx.SyncByteStream):
    """Bytes as the network delivers them. A response made from `content` would be unpacked at once."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __iter__(self) -> Iterator[bytes]:
        yield self._content


def _packed(request: httpx.Request, page: Body, coding: str) -> httpx.Response:
    content = _bomb(json.dumps(page).encode())
    for _ in coding.split(",")[1:]:
        content = gzip.compress(content)
    return httpx.Response(200, headers={"content-encoding": coding}, stream=_Sent(content), request=request)


def _bomb(page: bytes) -> bytes:
    """Return the page and many blanks as one gzip stream, without holding it unpacked."""
    packer = zlib.compressobj(1, wbits=31)
    blanks = (packer.compress(b" " * MEBIBYTE) for _ in range(BOMB_MEBIBYTES))
    return b"".join([packer.compress(page), *blanks, packer.flush()])


def _page(body: bytes) -> Body | None:
    """Return the answer if it is a page of a list. A fault of the sandbox may have replaced it."""
    try:
        answer = json.loads(body)
    except ValueError:
        return None
    return answer if isinstance(answer, dict) and isinstance(answer.get("data"), list) else None


def _next(uri: str) -> Body:
    return {"links": [{"rel": "next", "uri": uri}]}


def _answer(request: httpx.Request, page: Body) -> httpx.Response:
    return httpx.Response(200, json=page, request=request)
