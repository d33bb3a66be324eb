"""The student's screen: the own name and the own classes. It has nobody else but the teachers of these classes."""

from __future__ import annotations

from starlette.responses import Response

from roster_pipeline.web.classes import list_classes
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import STUDENTS
from roster_pipeline.web.routing import get


def show_home(page: Page) -> Response:
    """Show a student's own classes."""
    return page.render("home.html", classes=list_classes(page.pg))


ROUTES = [get("/home", show_home, STUDENTS)]
