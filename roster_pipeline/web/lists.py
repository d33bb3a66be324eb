"""What every list shares: its filters, its pages by key, and its export as CSV.

A list goes on after the row whose id stands in `after`. The address of a page so holds no name of a person.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from tempfile import TemporaryFile
from types import MappingProxyType
from typing import IO, TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

import sqlalchemy as sa
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.responses import Response, StreamingResponse

from roster_pipeline.spreadsheet import write_csv
from roster_pipeline.web.audit import record_act

if TYPE_CHECKING:
    from roster_pipeline.web.page import Page

PAGE_ROWS = 50
"""The rows of one page of a list."""
MOST_COUNTED = 10_000
"""The rows of a list that are counted. Of a longer list it is said that it has more."""
SEARCH_MAX_LENGTH = 200
EXPORT_CHUNK_ROWS = 5_000
EXPORT_CHUNK_BYTES = 65_536
EXPORT_LOCK = "select pg_try_advisory_xact_lock(hashtextextended('roster:export', :account))"


@dataclass(frozen=True)
class ListRequest:
    """What a person asks of a list. A value that makes no sense counts as absent.

    Attributes:
        search: the text that the person typed.
        school: the id of a school.
        state: the key of a filter of the list.
        after: the id of the row after which the page begins.
    """

    path: str
    search: str = ""
    school: int | None = None
    state: str = ""
    after: int | None = None

    @property
    def is_filtered(self) -> bool:
        return bool(self.search or self.school or self.state)

    def address(self, *, suffix: str = "", after: int | None = None) -> str:
        """Return the address of this list with its filters."""
        values = {"q": self.search, "school": self.school, "state": self.state, "after": after}
        query = urlencode({name: value for name, value in values.items() if value})
        return f"{self.path}{suffix}" + (f"?{query}" if query else "")


@dataclass(frozen=True)
class ListPart:
    """One page of a list.

    Attributes:
        next_address: the address of the next page, or None if this is the last one.
        csv_address: the address of the whole list as CSV.
        total: the rows of the whole list, at most `MOST_COUNTED` and one. It is None if they were not counted.
    """

    request: ListRequest
    rows: Sequence[sa.Row[Any]]
    next_address: str | None
    csv_address: str
    total: int | None = None

    @property
    def has_more(self) -> bool:
        """Return whether the list has more rows than were counted."""
        return self.total is not None and self.total > MOST_COUNTED

    @property
    def is_first(self) -> bool:
        return self.request.after is None


def read_list_request(page: Page, states: Collection[str] = ()) -> ListRequest:
    """Read the filters of a list from the address.

    Args:
        states: the keys of the filters that this list has.
    """
    values = page.request.query_params
    state = values.get("state", "")
    return ListRequest(
        page.request.url.path.removesuffix(".csv"),
        values.get("q", "").replace("\0", "").strip()[:SEARCH_MAX_LENGTH],
        read_id(values.get("school", "")),
        state if state in states else "",
        read_id(values.get("after", "")),
    )


def read_id(text: str) -> int | None:
    """Return the id that a field or query parameter names, or None if it can name no row."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def after_row(
    name: sa.ColumnElement[str], identifier: sa.ColumnElement[int], row: tuple[Any, Any]
) -> sa.ColumnElement[bool]:
    """Return the condition for the rows after one, in the order of a name and an id.

    It is no comparison of rows, because that is not leakproof, so that row-level security would use no index for it.
    """
    after_name, after_id = row
    return sa.and_(name >= after_name, sa.or_(name > after_name, identifier > after_id))


def make_part(
    request: ListRequest, rows: Sequence[sa.Row[Any]], count: Callable[[], int | None] = lambda: None
) -> ListPart:
    """Return a page of a list.

    Args:
        rows: the rows of the page, and one more if the list goes on. Each has the column `id`.
        count: returns the rows of the whole list. It is called only if the list has more than one page.
    """
    shown = rows[:PAGE_ROWS]
    has_next = len(rows) > PAGE_ROWS
    next_address = request.address(after=shown[-1].id) if has_next else None
    total = count() if has_next or request.after else None
    return ListPart(request, shown, next_address, request.address(suffix=".csv"), total)


def select_count(rows: sa.Select[Any]) -> sa.Select[tuple[int]]:
    """Return the statement that counts rows, at most `MOST_COUNTED` and one, so that a long list is not read whole."""
    return sa.select(sa.func.count()).select_from(rows.limit(MOST_COUNTED + 1).subquery())


def stream_rows(
    page: Page, statement: sa.Select[Any], values: Mapping[str, object] = MappingProxyType({})
) -> Iterable[sa.Row[Any]]:
    """Return the rows of a list of any length, without holding all of them."""
    return page.pg.execute(statement, values, execution_options={"yield_per": EXPORT_CHUNK_ROWS})


def export_list(page: Page, name: str, headings: Iterable[str], rows: Iterable[Iterable[object]]) -> Response:
    """Return a list as CSV, and write the number of its rows to the audit trail. An account exports one list at a time.

    Args:
        name: the name of the file, and of the list in the audit trail.

    Raises:
        HTTPException: 429, the account is exporting another list.
    """
    if not page.pg.execute(sa.text(EXPORT_LOCK), {"account": page.viewer.account_id}).scalar():
        raise HTTPException(429)
    file = cast(IO[bytes], TemporaryFile())  # noqa: SIM115 - the response closes it
    text = TextIOWrapper(file, "utf-8", newline="")
    number = 0

    def counted() -> Iterable[Iterable[object]]:
        nonlocal number
        for number, row in enumerate(rows, 1):  # noqa: B007
            yield row

    write_csv(text, headings, counted())
    text.flush()
    target, to = ("list", name), page.request.url.path
    record_act(page, to=to, act="export_list", target=target, before=None, after={"rows": number})
    file.seek(0)
    chunks = iter(lambda: file.read(EXPORT_CHUNK_BYTES), b"")
    disposition = {"content-disposition": f'attachment; filename="{name}.csv"'}
    return StreamingResponse(chunks, 200, disposition, "text/csv; charset=utf-8", BackgroundTask(text.close))
