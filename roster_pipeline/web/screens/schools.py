"""The schools of a district, and one school with its teachers and classes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from starlette.exceptions import HTTPException
from starlette.responses import Response

from roster_pipeline.messages import Catalogue, product
from roster_pipeline.syncs.held_plans import list_held_plans
from roster_pipeline.web.actors import read_verifiers
from roster_pipeline.web.chart import WEEKS, Chart, draw_weeks, read_own_summaries
from roster_pipeline.web.class_list import read_classes
from roster_pipeline.web.letter import describe_losses
from roster_pipeline.web.lists import ListRequest, export_list, read_list_request, stream_rows
from roster_pipeline.web.page import Page
from roster_pipeline.web.people import read_people
from roster_pipeline.web.rights import ADMINS
from roster_pipeline.web.routing import get
from roster_pipeline.web.school_changes import describe_last_changes
from roster_pipeline.web.school_list import read_schools, select_schools

REQUEST = (
    product.mark("A school of our district is not in the app. Please share it in Clever:"),
    product.mark("1. Open Applications in Clever, and choose the app."),
    product.mark("2. Press Edit sharing, and add the school with its teachers, classes and students."),
    product.mark("3. Save. The school is in the app after the next update."),
)


def show_schools(page: Page) -> Response:
    """Show the schools that the admin sees, with their counts."""
    part = read_schools(page, read_list_request(page))
    grades = {row.id: describe_grades(page.words, row) for row in part.rows}
    changes = describe_last_changes(page.pg, grades, page.words)
    return page.render("schools.html", part=part, grades=grades, changes=changes, copy=write_request(page.words))


def export_schools(page: Page) -> Response:
    """Return the schools as CSV."""
    words = page.words
    headings = (words.text("Name"), words.text("Grades"), words.text("Teachers"), words.text("Classes"))
    rows = stream_rows(page, select_schools(page, read_list_request(page)))
    cells = ((row.name, describe_grades(words, row), row.teachers, row.classes, row.students) for row in rows)
    return export_list(page, "schools", (*headings, words.text("Students")), cells)


def show_school(page: Page) -> Response:
    """Show one school: its counts, its teachers and its classes."""
    school_id = page.number("id")
    school = page.pg.execute(select_schools(page, ListRequest("", school=school_id))).one_or_none()
    if school is None:
        raise HTTPException(404)
    request = read_list_request(page)
    teachers = read_people(page, "teacher", ListRequest(request.path, school=school_id, after=request.after))
    return page.render(
        "school.html",
        school=school,
        chart=_draw_chart(page, school_id),
        change=describe_last_changes(page.pg, [school_id], page.words)[school_id],
        grades=describe_grades(page.words, school),
        held=_list_held(page, school.clever_id),
        part=teachers,
        verifiers=read_verifiers(page, teachers.rows),
        classes=read_classes(page, ListRequest("/clever/classes", school=school_id)),
    )


def _list_held(page: Page, school_id: str) -> list[tuple[str, str]]:
    """Return the name of each plan on hold that concerns a school, and what it would do there."""
    plans = ((plan.name, describe_losses(plan, school_id, page.words)) for plan in list_held_plans(page.pg))
    return [(name, losses) for name, losses in plans if losses]


def _draw_chart(page: Page, school_id: int) -> Chart:
    """Return the chart of the people who joined and left a school in the last weeks."""
    own = read_own_summaries(page.pg, page.now - timedelta(weeks=WEEKS), [school_id])
    return draw_weeks(own, page.now, page.own.time_zone, page.words)


def write_request(words: Catalogue) -> str:
    """Return a text to copy for the person who keeps Clever, who may share a school that is not here."""
    return "\n".join(words.text(line) for line in REQUEST)


def describe_grades(words: Catalogue, school: sa.Row[Any]) -> str:
    """Return the grades of a school as Clever has them, such as `K to 5`."""
    low, high = school.low_grade, school.high_grade
    return words.text("{low} to {high}", low=low, high=high) if low and high and low != high else low or high or ""


ROUTES = [
    get("/clever/schools", show_schools, ADMINS),
    get("/clever/schools.csv", export_schools, ADMINS),
    get("/clever/schools/{id}", show_school, ADMINS),
]
