"""The screen for a person whose earlier account now belongs to a district, and the objection to that."""

from __future__ import annotations

from starlette.responses import Response

from roster_pipeline.corrections.queue import file_correction
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import EVERYBODY, Role
from roster_pipeline.web.routing import get, post

PEOPLE = EVERYBODY - {Role.NOBODY}


def show_joined(page: Page) -> Response:
    """Say that the account now belongs to the district, and ask whether it is the person's."""
    return page.render("joined.html", organization=page.own, has_objected=False)


def show_thanks(page: Page) -> Response:
    """Say what follows an objection."""
    return page.render("joined.html", organization=page.own, has_objected=True)


def object_to_account(page: Page) -> Response:
    """File the objection, which opens a review for the admins of the district."""
    account_id = page.viewer.account_id
    assert account_id is not None
    args = {"account_id": account_id}
    number = file_correction(page.pg, page.own.id, "object", args, requested_by=f"account:{account_id}")
    after = {"correction": number}
    return page.finish("/account/not-mine", "object_to_account", ("account", account_id), after=after)


ROUTES = [
    get("/login/joined", show_joined, PEOPLE),
    get("/account/not-mine", show_thanks, PEOPLE),
    post("/account/not-mine", object_to_account, PEOPLE),
]
