"""Build the bodies and headers of Clever's responses (docs/clever-api.md#envelope)."""

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
RELATED_LINKS = {
    "schools": ("district", "sections", "users", "terms", "courses"),
    "users": ("district", "sections", "schools"),
    "sections": ("district", "school", "term", "course", "users"),
    "terms": ("district", "sections", "schools"),
    "courses": ("district", "sections", "schools"),
}


def json_answer(content: object, status: int = 200) -> Response:
    """Return a response with a value as JSON."""
    return Response(msgspec.json.encode(content), status, media_type=JSON)


def refusal(status: int, reason: str) -> Response:
    """Return an error response. Clever's key is `error`, although the specification says `message`."""
    return json_answer({"error": reason}, status)


def no_such_route(path: str) -> Response:
    """Return the 404 response in HTML for a path that the API does not have."""
    return Response(NO_SUCH_ROUTE.format(path=escape(path)), 404, media_type="text/html")


def page_answer(version: str, resource: str, items: Collection, page: Page, path: str, query: QueryParams) -> Response:
    """Return a page of a list. Each record stands in an envelope of its own, and the page wraps these."""
    shape = b'{"data":%b,"uri":"/' + f"{version}/{resource}/".encode() + b'%b"}'
    records = b",".join([shape % (items.encoded(key, version), key.encode()) for key in page.ids])
    links = msgspec.json.encode(page_links(path, query, page))
    return _tagged(b'{"data":[%b],"links":%b}' % (records, links))


def one_answer(version: str, resource: str, items: Collection, key: str) -> Response:
    """Return the response with one object and the links to its related lists."""
    uri = f"/{version}/{resource}/{key}"
    related = [{"rel": name, "uri": f"{uri}/{name}"} for name in RELATED_LINKS.get(resource, ())]
    links = msgspec.json.encode([{"rel": "self", "uri": uri}, *related])
    return _tagged(b'{"data":%b,"links":%b}' % (items.encoded(key, version), links))


def _tagged(body: bytes) -> Response:
    """Return a response with a weak ETag. The checksum is a fast one, because a page can have several megabytes."""
    return Response(body, headers={"etag": f'W/"{len(body):x}-{crc32(body):08x}"'}, media_type=JSON)
