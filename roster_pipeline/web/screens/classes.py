"""The list of classes, one class with its teachers and students, and to hide or show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from starlette.exceptions import HTTPException
from starlette.responses import Response

from roster_pipeline.messages import product
from roster_pipeline.product.classes import hide_class, show_class
from roster_pipeline.product.native_classes import is_own_native_class, list_archived_classes
from roster_pipeline.web.actors import read_hiders
from roster_pipeline.web.class_list import FILTERS, count_hidden_classes, read_classes, select_classes
from roster_pipeline.web.class_members import ClassDetails, read_class
from roster_pipeline.web.library_notes import read_notes
from roster_pipeline.web.lists import (
    PAGE_ROWS,
    ListPart,
    ListRequest,
    export_list,
    make_part,
    read_list_request,
    stream_rows,
)
from roster_pipeline.web.page import Page, StaleForm
from roster_pipeline.web.rights import ADMINS, STAFF
from roster_pipeline.web.routing import get, post
from roster_pipeline.web.school_list import list_school_names

NOTICES = {
    "hidden": product.mark("Hidden. Students do not see this class any more."),
    "shown": product.mark("Shown. Students see this class again."),
    "made": product.mark("The class is made. Now add its students."),
    "renamed": product.mark("The class has a new name."),
    "deleted": product.mark("The class is deleted. You can undo this below for 30 days."),
    "restored": product.mark("The class is here again, with its students."),
    "added": product.mark("The students are in the class."),
    "removed": product.mark("The student is not in the class any more. You can add the student again."),
}
"""The sentence above a class after an act, by the value of `done` in its address."""


def show_classes(page: Page) -> Response:
    """Show the classes that the person sees, with their teachers. Hidden ones are folded below."""
    request = read_list_request(page, FILTERS)
    part = read_classes(page, request)
    # Most districts hide no class, and to count none takes less time than to list none.
    hidden_number = 0 if request.is_filtered or request.after else count_hidden_classes(page)
    hidden = read_classes(page, ListRequest("", state="hidden")).rows if hidden_number else []
    return page.render(
        "classes.html",
        part=part,
        filter_names=[(key, page.words.text(name)) for key, name in FILTERS.items()],
        schools=list_school_names(page) if page.viewer.role in ADMINS else [],
        hidden_classes=hidden,
        hidden_number=hidden_number,
        hiders=read_hiders(page, (*part.rows, *hidden)),
        archived=_list_archived(page),
        notes=read_notes(page),
        notice=_describe_notice(page, page.request.query_params.get("done", "")),
    )


def export_classes(page: Page) -> Response:
    """Return the classes as CSV."""
    words = page.words
    headings = [words.text("Name"), words.text("Teachers"), words.text("Period"), words.text("Term")]
    headings += [words.text("School"), words.text("Students")]
    rows = stream_rows(page, *select_classes(page, read_list_request(page, FILTERS)))
    cells = ((row.name, "; ".join(row.teachers), row.period, row.term_name, row.school, row.students) for row in rows)
    return export_list(page, "classes", headings, cells)


def show_one_class(page: Page) -> Response:
    """Show a class with its teachers and its students."""
    request = read_list_request(page)
    details = _require_class(page, after=request.after, most=PAGE_ROWS + 1)
    return _render(page, details, make_part(request, details.students, lambda: int(details.row.students)))


def export_class(page: Page) -> Response:
    """Return the students of a class as CSV."""
    details = _require_class(page)
    headings = (page.words.text("Name"), page.words.text("Email"))
    return export_list(page, "class", headings, ((row.name, row.email) for row in details.students))


def hide_one_class(page: Page) -> Response:
    """Hide a class from its students."""
    page.require("hide_class")
    details = _require_class(page)
    if not hide_class(page.pg, details.id, page.now):
        raise StaleForm(f"/clever/classes/{details.id}")
    return _finish(page, details.id, "hide_class", "hidden")


def show_hidden_class(page: Page) -> Response:
    """Show a hidden class to its students again."""
    page.require("hide_class")
    details = _require_class(page)
    try:
        hidden_at = datetime.fromisoformat(page.form.get("seen", ""))
    except ValueError:
        raise HTTPException(400) from None
    if hidden_at.tzinfo is None or not show_class(page.pg, details.id, hidden_at):
        raise StaleForm(f"/clever/classes/{details.id}")
    return _finish(page, details.id, "show_class", "shown")


def _finish(page: Page, roster_id: int, act: str, notice: str) -> Response:
    to = f"/clever/classes/{roster_id}?done={notice}"
    return page.finish(to, act, ("class", roster_id), after={"ids": [roster_id]})


def _render(page: Page, details: ClassDetails, part: ListPart) -> Response:
    return page.render(
        "class.html",
        details=details,
        row=details.row,
        part=part,
        notice=_describe_notice(page, page.request.query_params.get("done", "")),
        is_own=page.may("edit_native_class") and is_own_native_class(page.pg, details.id, page.viewer.account_id or 0),
        hiders=read_hiders(page, [details.row]),
    )


def _describe_notice(page: Page, notice: str) -> str:
    return page.words.text(NOTICES[notice]) if notice in NOTICES else ""


def _list_archived(page: Page) -> Sequence[sa.Row[Any]]:
    """Return the classes that the teacher deleted and can have back."""
    if page.viewer.account_id is None or not page.may("edit_native_class"):
        return []
    return list_archived_classes(page.pg, page.viewer.account_id, page.now)


def _require_class(page: Page, *, after: int | None = None, most: int | None = None) -> ClassDetails:
    details = read_class(page, page.number("id"), after=after, most=most)
    if details is None:
        raise HTTPException(404)
    return details


ROUTES = [
    get("/clever/classes", show_classes, STAFF),
    get("/clever/classes.csv", export_classes, STAFF),
    get("/clever/classes/{id}.csv", export_class, STAFF),
    get("/clever/classes/{id}", show_one_class, STAFF),
    post("/clever/classes/{id}/hide", hide_one_class, STAFF),
    post("/clever/classes/{id}/show", show_hidden_class, STAFF),
]
