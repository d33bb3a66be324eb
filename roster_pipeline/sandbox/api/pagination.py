"""Select the records of one page of a list, and build its links (docs/clever-api.md#paging)."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from re import fullmatch
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.exceptions import HTTPException

from roster_pipeline.model.clever_id import is_clever_id

DEFAULT_LIMIT = 100
MAXIMUM_LIMIT = 10_000
CURSORS = ("starting_after", "ending_before")


@dataclass(frozen=True)
class Page:
    """A part of a list, with its ids and whether records stand before and after it."""

    ids: Sequence[str]
    has_previous: bool
    has_next: bool


def read_limit(query: QueryParams) -> int:
    """Return how many records the request wants on a page. The default is 100.

    Raises:
        HTTPException: 400 if the limit is no positive number, 413 if it is above 10,000.
    """
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise HTTPException(400, "Invalid limit")
    if int(text) > MAXIMUM_LIMIT:
        raise HTTPException(413, "Limit must not exceed 10000")
    return int(text)


def read_page(ids: Sequence[str], query: QueryParams, max_records: int = MAXIMUM_LIMIT) -> Page:
    """Return the page of a list that the request asks for.

    A cursor is compared with the ids, so the record of a cursor may have been removed.

    Args:
        ids: all ids of the list, in ascending order.
        query: the parameters of the request.
        max_records: the most records on a page, even if the request has a higher limit.

    Raises:
        HTTPException: 400 or 413 for invalid parameters.
    """
    limit = min(read_limit(query), max_records)
    after, before = (_cursor(query, name) for name in CURSORS)
    if after and before:
        raise HTTPException(400, "Only one of starting_after and ending_before may be given")
    if before:
        end = bisect_left(ids, before)
        start = max(0, end - limit)
    else:
        start = bisect_right(ids, after) if after else 0
        end = min(len(ids), start + limit)
    return Page(ids[start:end], start > 0, end < len(ids))


def page_links(path: str, query: QueryParams, page: Page) -> list[dict[str, str]]:
    """Return the links `self`, `prev` and `next`. The last two stand only where there is such a page."""
    links = [_link("self", path, query.multi_items())]
    parameters = [(name, value) for name, value in query.multi_items() if name not in CURSORS]
    if page.ids and page.has_previous:
        links.append(_link("prev", path, [*parameters, ("ending_before", page.ids[0])]))
    if page.ids and page.has_next:
        links.append(_link("next", path, [*parameters, ("starting_after", page.ids[-1])]))
    return links


def _link(rel: str, path: str, parameters: list[tuple[str, str]]) -> dict[str, str]:
    """Return one link."""
    return {"rel": rel, "uri": f"{path}?{urlencode(parameters)}" if parameters else path}


def _cursor(query: QueryParams, name: str) -> str | None:
    """Return the id in a cursor parameter.

    Raises:
        HTTPException: 400, the value is no Clever id.
    """
    value = query.get(name)
    if value is not None and not is_clever_id(value):
        raise HTTPException(400, f"Invalid {name}")
    return value
