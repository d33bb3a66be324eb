"""Which records one list answer holds and which links it carries (docs/clever-api.md#paging).

No HTTP beyond the query.
"""

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
    """A slice of a list: its ids, and whether there are records before and after it."""

    ids: Sequence[str]
    has_previous: bool
    has_next: bool


def read_limit(query: QueryParams) -> int:
    """The records wanted in one answer, 100 unless told.

    Raises:
        HTTPException: 400 if it is no positive number, 413 above 10,000.
    """
    text = query.get("limit", str(DEFAULT_LIMIT))
    if not fullmatch(r"[0-9]{1,9}", text) or int(text) == 0:
        raise HTTPException(400, "Invalid limit")
    if int(text) > MAXIMUM_LIMIT:
        raise HTTPException(413, "Limit must not exceed 10000")
    return int(text)


def read_page(ids: Sequence[str], query: QueryParams, most: int = MAXIMUM_LIMIT) -> Page:
    """The part of the ascending `ids` that the query asks for.

    Ids are compared, so a cursor need not exist any more.

    Args:
        most: records in one answer, whatever limit the query gives.

    Raises:
        HTTPException: 400 or 413 for parameters that make no sense.
    """
    limit = min(read_limit(query), most)
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
    """`self`, then `prev` and `next` where there are such pages, each with the rest of the query."""
    links = [_link("self", path, query.multi_items())]
    kept = [(name, value) for name, value in query.multi_items() if name not in CURSORS]
    if page.ids and page.has_previous:
        links.append(_link("prev", path, [*kept, ("ending_before", page.ids[0])]))
    if page.ids and page.has_next:
        links.append(_link("next", path, [*kept, ("starting_after", page.ids[-1])]))
    return links


def _link(rel: str, path: str, parameters: list[tuple[str, str]]) -> dict[str, str]:
    return {"rel": rel, "uri": f"{path}?{urlencode(parameters)}" if parameters else path}


def _cursor(query: QueryParams, name: str) -> str | None:
    value = query.get(name)
    if value is not None and not is_clever_id(value):
        raise HTTPException(400, f"Invalid {name}")
    return value
