"""From one page of a list to the next. What is on a page is in `page.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import httpx

from roster_pipeline.errors import SourceBroken
from roster_pipeline.extract.decode import Page, PageReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from roster_pipeline.extract.client import DistrictConnection
    from roster_pipeline.extract.envelope import Link
    from roster_pipeline.model.resources import Resource

LIMIT = 10_000
"""Records a page, the most that Clever gives (docs/clever-api.md#paging)."""
MOST_PAGES, MOST_BYTES, MOST_SECONDS = 20_000, 8 * 2**30, 7_200.0
"""Bounds of one list. The pages are those of two million records, if the server ignores LIMIT and gives a hundred."""


class Linked(Protocol):
    """An answer that says where the next one is."""

    @property
    def links(self) -> Sequence[Link]: ...


class Source(Protocol):
    """What gives the answers of a list."""

    def get(self, url: httpx.URL) -> bytes:
        """The body of one answer."""

    def elapsed(self) -> float:
        """Seconds of a clock that only runs forward."""


Answer = TypeVar("Answer", bound=Linked)


def pages(connection: DistrictConnection, resource: Resource) -> Iterator[Page]:
    """One list, from its first page to its last. If it ends without an error, every page was read.

    Raises:
        SourceUnusable: as `DistrictConnection.get`; SourceBroken too for what is no page, or has no end.
    """
    what = f"District {connection.district_id}, {resource.name}"
    reader = PageReader(resource, connection.district_id)
    role = {"role": resource.role} if resource.role else {}
    url = httpx.URL(connection.client.access.lists.join(resource.path), params={"limit": LIMIT, **role})
    return walk(connection, url, lambda body: reader.read(body, what), what)


def walk(
    source: Source, url: httpx.URL, read: Callable[[bytes], Answer], what: str, most_bytes: int | None = None
) -> Iterator[Answer]:
    """What `read` makes of each answer, from the one at `url` by its links to the last; raises as `pages`."""
    size, until, most_bytes = 0, source.elapsed() + MOST_SECONDS, most_bytes or MOST_BYTES
    for _ in range(MOST_PAGES):
        body = source.get(url)
        size += len(body)
        if size > most_bytes:
            raise _endless(what, f"{most_bytes:,} bytes")
        page = read(body)
        yield page
        following = next_page(url, page.links, what)
        if following is None:
            return
        if source.elapsed() > until:
            raise _endless(what, f"{MOST_SECONDS / 3600:g} hours")
        url = following
    raise _endless(what, f"{MOST_PAGES:,} pages")


def _endless(what: str, bound: str) -> SourceBroken:
    return SourceBroken(f"{what}: {bound} and no end; nothing was published. Check the Clever address, then run again.")


def next_page(url: httpx.URL, links: Sequence[Link], what: str) -> httpx.URL | None:
    """Where the next page is, or None if `url` was the last: Clever says so by giving no `next` link.

    Args:
        url: the page that carried the links.
        links: in any order; `uri` is relative to the host.
        what: whose list, for the message.

    Raises:
        SourceBroken: the link leads to another host, version or list, or not forward. Ids ascend
            (docs/clever-api.md#paging), so a cursor that does not would read for ever.
    """
    uri = next((link.uri for link in links if link.rel == "next" and link.uri), None)
    if uri is None:
        return None
    following = _join(url, uri, what)
    if _place(following) != _place(url):
        raise SourceBroken(f"{what}: the next page is on another host or list; nothing was published.")
    if following.params.get("starting_after", "") <= url.params.get("starting_after", ""):
        raise SourceBroken(f"{what}: the next page does not move forward; nothing was published.")
    # Links were seen to keep the limit, but not whether they keep the role: without it, all users come.
    role = url.params.get("role")
    return following.copy_set_param("role", role) if role else following


def _join(url: httpx.URL, uri: str, what: str) -> httpx.URL:
    try:
        return url.join(uri)
    except httpx.InvalidURL:
        raise SourceBroken(f"{what}: the next page has no readable address; nothing was published.") from None


def _place(url: httpx.URL) -> tuple[str, bytes, int | None, str]:
    """What does not change from page to page."""
    return url.scheme, url.raw_host, url.port, url.path
