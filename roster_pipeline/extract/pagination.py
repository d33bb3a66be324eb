"""Follow the links of a list from its first page to its last (docs/clever-api.md#paging)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

import httpx

from roster_pipeline.errors import SourceBroken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from roster_pipeline.extract.envelope import Link

LIMIT = 10_000
"""The records of a page. Clever gives no more (docs/clever-api.md#paging)."""
LIST_MAX_PAGES, LIST_MAX_BYTES, LIST_TIMEOUT_SECONDS = 20_000, 8 * 2**30, 7_200.0
"""The bounds of one list. If the server ignores LIMIT and gives 100 records, the pages hold two million records."""


class HasLinks(Protocol):
    """A decoded answer with its links."""

    @property
    def links(self) -> Sequence[Link]:
        """Return the links of the answer."""


class Source(Protocol):
    """A source of answers."""

    def get(self, url: httpx.URL) -> bytes:
        """Request an address and return the body of the answer."""

    def elapsed(self) -> float:
        """Return the seconds of a monotonic clock."""


Answer = TypeVar("Answer", bound=HasLinks)


def follow_pages(
    source: Source, url: httpx.URL, decode: Callable[[bytes], Answer], label: str, max_bytes: int | None = None
) -> Iterator[Answer]:
    """Yield each decoded answer of a list, from the one at `url` to the last.

    Args:
        source: gives the bodies of the answers.
        url: the address of the first page.
        decode: decodes the body of an answer.
        label: the district and the list, for error messages.
        max_bytes: the most bytes of the list. The default is LIST_MAX_BYTES.

    Raises:
        SourceUnusable: a page could not be read or decoded, or the list has no end.
    """
    size, deadline, max_bytes = 0, source.elapsed() + LIST_TIMEOUT_SECONDS, max_bytes or LIST_MAX_BYTES
    for _ in range(LIST_MAX_PAGES):
        body = source.get(url)
        size += len(body)
        if size > max_bytes:
            raise _endless(label, f"{max_bytes:,} bytes")
        page = decode(body)
        yield page
        following = find_next_page(url, page.links, label)
        if following is None:
            return
        if source.elapsed() > deadline:
            raise _endless(label, f"{LIST_TIMEOUT_SECONDS / 3600:g} hours")
        url = following
    raise _endless(label, f"{LIST_MAX_PAGES:,} pages")


def find_next_page(url: httpx.URL, links: Sequence[Link], label: str) -> httpx.URL | None:
    """Return the address of the next page, or None if there is no link `next`, so that `url` is the last page.

    Args:
        url: the address of the page that has the links.
        links: the links in any order. `uri` is relative to the host.
        label: the district and the list, for error messages.

    Raises:
        SourceBroken: the link leads to another host, version or list, or does not move forward. Ids ascend
            (docs/clever-api.md#paging), so a cursor that does not ascend would repeat pages for ever.
    """
    uri = next((link.uri for link in links if link.rel == "next" and link.uri), None)
    if uri is None:
        return None
    following = _join(url, uri, label)
    if _location(following) != _location(url):
        raise _broken_link(label, "is on another host or list")
    if following.params.get("starting_after", "") <= url.params.get("starting_after", ""):
        raise _broken_link(label, "does not move forward")
    # Nothing says that the link keeps the role. Without it the list would hold all users.
    role = url.params.get("role")
    return following.copy_set_param("role", role) if role else following


def _join(url: httpx.URL, uri: str, label: str) -> httpx.URL:
    try:
        return url.join(uri)
    except httpx.InvalidURL:
        raise _broken_link(label, "has no readable address") from None


def _location(url: httpx.URL) -> tuple[str, bytes, int | None, str]:
    """Return the parts of an address that are the same on every page of a list."""
    return url.scheme, url.raw_host, url.port, url.path


def _broken_link(label: str, problem: str) -> SourceBroken:
    return SourceBroken(f"{label}: the next page {problem}. Nothing was published. Check the Clever address.")


def _endless(label: str, bound: str) -> SourceBroken:
    return SourceBroken(
        f"{label}: the list has no end after {bound}. Nothing was published. Check the Clever address, then run again."
    )
