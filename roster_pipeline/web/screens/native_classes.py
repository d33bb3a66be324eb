"""The classes that a teacher makes here: make, rename, delete, undo that, and add and remove students."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from roster_pipeline.product.native_classes import (
    add_students,
    archive_class,
    clean_class_name,
    is_own_native_class,
    list_addable_students,
    make_class,
    remove_student,
    rename_class,
    restore_class,
)
from roster_pipeline.web.class_members import read_class
from roster_pipeline.web.lists import PAGE_ROWS, read_list_request
from roster_pipeline.web.page import Page, StaleForm
from roster_pipeline.web.rights import TEACHERS
from roster_pipeline.web.routing import get, post

CHOSEN = "add-"
"""The beginning of the name of a checkbox. The id of the account follows."""


def show_new_class(page: Page) -> Response:
    """Show the form for a new class."""
    return page.render("new_class.html", name="", has_error=False)


def make_new_class(page: Page) -> Response:
    """Make a class, and lead to it."""
    page.require("edit_native_class")
    name = clean_class_name(page.form.get("name", ""))
    if name is None:
        return page.render("new_class.html", 400, name=page.form.get("name", ""), has_error=True)
    return _finish(page, make_class(page.pg, name), "make_class", "made")


def rename_own_class(page: Page) -> Response:
    """Rename a class."""
    roster_id, name = _require_own(page), clean_class_name(page.form.get("name", ""))
    if name is None:
        raise HTTPException(400)
    if not rename_class(page.pg, roster_id, page.form.get("seen", ""), name):
        raise StaleForm(f"/clever/classes/{roster_id}")
    return _finish(page, roster_id, "rename_class", "renamed")


def delete_own_class(page: Page) -> Response:
    """Archive a class. It can be restored for 30 days."""
    roster_id = _require_own(page)
    if not archive_class(page.pg, roster_id, page.now):
        raise StaleForm("/clever/classes")
    return _finish(page, roster_id, "delete_class", "deleted", "/clever/classes")


def restore_own_class(page: Page) -> Response:
    """Restore a class."""
    roster_id = _require_own(page)
    if not restore_class(page.pg, roster_id, page.now):
        raise StaleForm("/clever/classes")
    return _finish(page, roster_id, "restore_class", "restored")


def show_addable_students(page: Page) -> Response:
    """Show the students whom the teacher may add to a class."""
    roster_id = _require_own(page)
    details, search = read_class(page, roster_id), read_list_request(page).search
    if details is None:
        raise HTTPException(404)
    students = list_addable_students(page.pg, roster_id, search, PAGE_ROWS + 1)
    return page.render(
        "add_students.html",
        row=details.row,
        search=search,
        students=students[:PAGE_ROWS],
        has_more=len(students) > PAGE_ROWS,
    )


def add_chosen_students(page: Page) -> Response:
    """Add the students whose boxes are checked."""
    roster_id = _require_own(page)
    names = [name.removeprefix(CHOSEN) for name in page.form if name.startswith(CHOSEN)]
    ids = [int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 19]
    if not 0 < len(ids) <= PAGE_ROWS:
        raise HTTPException(400)
    students = add_students(page.pg, roster_id, ids)
    if not students:
        raise StaleForm(f"/classes/{roster_id}/students")
    return _finish(page, roster_id, "add_students", "added", after={"students": students})


def remove_one_student(page: Page) -> Response:
    """Remove a student from a class."""
    roster_id, account_id = _require_own(page), page.number("account")
    if not remove_student(page.pg, roster_id, account_id, page.now):
        raise StaleForm(f"/clever/classes/{roster_id}")
    return _finish(page, roster_id, "remove_student", "removed", after={"students": [account_id]})


def _require_own(page: Page) -> int:
    """Return the id of the class in the path, which was made here and which the person teaches.

    Raises:
        HTTPException: 404, the class is none of these.
    """
    page.require("edit_native_class")
    roster_id = page.number("id")
    if page.viewer.account_id is None or not is_own_native_class(page.pg, roster_id, page.viewer.account_id):
        raise HTTPException(404)
    return roster_id


def _finish(
    page: Page, roster_id: int, act: str, notice: str, to: str = "", after: dict[str, list[int]] | None = None
) -> Response:
    address = f"{to or f'/clever/classes/{roster_id}'}?done={notice}"
    return page.finish(address, act, ("class", roster_id), after={"ids": [roster_id], **(after or {})})


ROUTES = [
    get("/classes/new", show_new_class, TEACHERS),
    post("/classes", make_new_class, TEACHERS),
    post("/classes/{id}/rename", rename_own_class, TEACHERS),
    post("/classes/{id}/delete", delete_own_class, TEACHERS),
    post("/classes/{id}/restore", restore_own_class, TEACHERS),
    get("/classes/{id}/students", show_addable_students, TEACHERS),
    post("/classes/{id}/students", add_chosen_students, TEACHERS),
    post("/classes/{id}/students/{account}/remove", remove_one_student, TEACHERS),
]
