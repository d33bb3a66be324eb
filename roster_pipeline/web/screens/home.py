"""The first screens of students, and of teachers of a district with logins only. They name no other student."""

from __future__ import annotations

from starlette.responses import Response

from roster_pipeline.web.classes import list_classes
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import LOGIN_ONLY, STUDENTS
from roster_pipeline.web.routing import get


def show_home(page: Page) -> Response:
    """Show a student's own classes."""
    return page.render("home.html", classes=list_classes(page.pg))


def show_welcome(page: Page) -> Response:
    """Tell a teacher of a district with logins only that there are no class lists here."""
    return page.render("welcome.html")


ROUTES = [get("/home", show_home, STUDENTS), get("/welcome", show_welcome, LOGIN_ONLY)]
