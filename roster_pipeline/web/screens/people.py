"""The lists of students and teachers, and the verification of teachers."""

from __future__ import annotations

from datetime import datetime

from starlette.exceptions import HTTPException
from starlette.responses import Response

from roster_pipeline.product.verification import unverify_teacher, verify_teachers
from roster_pipeline.web.actors import read_verifiers
from roster_pipeline.web.lists import PAGE_ROWS, export_list, read_list_request, stream_rows
from roster_pipeline.web.login.attempt import safe_path
from roster_pipeline.web.page import Page, StaleForm
from roster_pipeline.web.people import read_people, select_people
from roster_pipeline.web.people_filters import FILTERS
from roster_pipeline.web.rights import ADMINS, Role
from roster_pipeline.web.routing import get, post
from roster_pipeline.web.school_list import list_school_names

PRESSED = "verify-"
"""The beginning of the name of a checkbox. The id of the account follows."""


def show_students(page: Page) -> Response:
    """Show the students that the admin sees."""
    part = read_people(page, "student", read_list_request(page, FILTERS["student"]))
    return page.render(
        "students.html", part=part, filter_names=_filter_names(page, "student"), schools=list_school_names(page)
    )


def export_students(page: Page) -> Response:
    """Return the students as CSV."""
    words = page.words
    headings = [words.text(name) for name in ("Name", "Email", "Grade", "Schools", "Classes")]
    rows = stream_rows(page, *select_people(page, "student", read_list_request(page, FILTERS["student"])))
    cells = ((row.name, row.email, row.grade, "; ".join(row.schools), "; ".join(row.classes)) for row in rows)
    return export_list(page, "students", headings, cells)


def show_teachers(page: Page) -> Response:
    """Show the teachers that the admin sees. An admin of one school finds them on the page of the school."""
    _require_several_schools(page)
    part = read_people(page, "teacher", read_list_request(page, FILTERS["teacher"]))
    return page.render(
        "teachers.html",
        part=part,
        filter_names=_filter_names(page, "teacher"),
        schools=list_school_names(page),
        verifiers=read_verifiers(page, part.rows),
    )


def export_teachers(page: Page) -> Response:
    """Return the teachers as CSV."""
    _require_several_schools(page)
    words = page.words
    headings = [words.text("Name"), words.text("Email"), words.text("Schools"), words.text("Classes")]
    headings.append(words.text("Verified"))
    rows = stream_rows(page, *select_people(page, "teacher", read_list_request(page, FILTERS["teacher"])))
    cells = (
        (
            row.name,
            row.email,
            "; ".join(row.schools),
            "; ".join(row.classes),
            words.at(row.verified_at) if row.verified_at else "",
        )
        for row in rows
    )
    return export_list(page, "teachers", headings, cells)


def verify(page: Page) -> Response:
    """Verify the teachers whose boxes are checked."""
    page.require("verify_teacher")
    assert page.viewer.account_id is not None
    names = [name.removeprefix(PRESSED) for name in page.form if name.startswith(PRESSED)]
    ids = [int(name) for name in names if name.isascii() and name.isdigit() and len(name) < 19]
    if not 0 < len(ids) <= PAGE_ROWS:
        raise HTTPException(400)
    verified = verify_teachers(page.pg, page.own.id, ids, verifier_id=page.viewer.account_id, now=page.now)
    if not verified:
        raise StaleForm(_way_back(page))
    target = ("account", verified[0]) if len(verified) == 1 else ("accounts", len(verified))
    return page.finish(_way_back(page), "verify_teacher", target, after={"ids": verified})


def unverify(page: Page) -> Response:
    """Take back the verification of a teacher."""
    page.require("verify_teacher")
    assert page.viewer.account_id is not None
    text = page.form.get("account", "")
    try:
        account_id, verified_at = int(text), datetime.fromisoformat(page.form.get("seen", ""))
    except ValueError:
        raise HTTPException(400) from None
    if not 0 < account_id < 2**63 or verified_at.tzinfo is None:
        raise HTTPException(400)
    if not unverify_teacher(
        page.pg, page.own.id, account_id, verifier_id=page.viewer.account_id, verified_at=verified_at
    ):
        raise StaleForm(_way_back(page))
    after = {"ids": [account_id]}
    return page.finish(_way_back(page), "unverify_teacher", ("account", account_id), after=after)


def _filter_names(page: Page, role: str) -> list[tuple[str, str]]:
    return [(key, page.words.text(name)) for key, (name, _) in FILTERS[role].items()]


def _way_back(page: Page) -> str:
    """Return the path of the list from which the form came."""
    path = safe_path(page.form.get("next", "/clever"))
    return path if path.startswith("/clever") else "/clever"


def _require_several_schools(page: Page) -> None:
    if page.viewer.role is Role.SCHOOL_ADMIN and len(page.place.schools) < 2:
        raise HTTPException(403)


ROUTES = [
    get("/clever/students", show_students, ADMINS),
    get("/clever/students.csv", export_students, ADMINS),
    get("/clever/teachers", show_teachers, ADMINS),
    get("/clever/teachers.csv", export_teachers, ADMINS),
    post("/clever/teachers/verify", verify, ADMINS),
    post("/clever/teachers/unverify", unverify, ADMINS),
]
