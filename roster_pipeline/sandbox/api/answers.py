"""The bodies and headers of Clever's answers (docs/clever-api.md#envelope).

What is answered is decided elsewhere.
"""

from html import escape
from zlib import crc32

import msgspec
from starlette.datastructures import QueryParams
from starlette.responses import Response

from roster_pipeline.sandbox.api.collection import Collection
from roster_pipeline.sandbox.api.pagination import Page, page_links

JSON = "application/json; charset=utf-8"
NO_SUCH_ROUTE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Error</title>
</head>
<body>
<pre>Cannot GET {path}</pre>
</body>
</html>
"""
OWN_LINKS = {
    "schools": ("district", "sections", "users", "terms", "courses"),
    "users": ("district", "sections", "schools"),
    "sections": ("district", "school", "term", "course", "users"),
    "terms": ("district", "sections", "schools"),
    "courses": ("district", "sections", "schools"),
}


def json_answer(content: object, status: int = 200) -> Response:
    """Any value as JSON."""
    return Response(msgspec.json.encode(content), status, media_type=JSON)


def refusal(status: int, reason: str) -> Response:
    """An error as it is seen on the wire, with the key `error` (the specification says `message`)."""
    return json_answer({"error": reason}, status)


def no_such_route(path: str) -> Response:
    """404 with HTML, for a path that the API does not have."""
    return Response(NO_SUCH_ROUTE.format(path=escape(path)), 404, media_type="text/html")


def page_answer(version: str, resource: str, items: Collection, page: Page, path: str, query: QueryParams) -> Response:
    """A page of doubly wrapped objects, joined from their ready bytes."""
    shape = b'{"data":%b,"uri":"/' + f"{version}/{resource}/".encode() + b'%b"}'
    records = b",".join([shape % (items.encoded(key, version), key.encode()) for key in page.ids])
    links = msgspec.json.encode(page_links(path, query, page))
    return _tagged(b'{"data":[%b],"links":%b}' % (records, links))


def one_answer(version: str, resource: str, items: Collection, key: str) -> Response:
    """One object under its own URI."""
    uri = f"/{version}/{resource}/{key}"
    own = [{"rel": name, "uri": f"{uri}/{name}"} for name in OWN_LINKS.get(resource, ())]
    links = msgspec.json.encode([{"rel": "self", "uri": uri}, *own])
    return _tagged(b'{"data":%b,"links":%b}' % (items.encoded(key, version), links))


def _tagged(body: bytes) -> Response:
    """`body` with a weak ETag. A quick checksum will do: a page may be several megabytes."""
    return Response(body, headers={"etag": f'W/"{len(body):x}-{crc32(body):08x}"'}, media_type=JSON)
