"""The screen of the district's admins: who they are, make one, remove one."""

from __future__ import annotations

from dataclasses import asdict

from starlette.exceptions import HTTPException
from starlette.responses import Response

from roster_pipeline.corrections.queue import file_correction
from roster_pipeline.errors import AdminRefused
from roster_pipeline.product.admin_accounts import check_email
from roster_pipeline.product.admins import (
    ACT,
    AdminRights,
    end_rights,
    is_last_district_admin,
    lock_admins,
    read_rights,
)
from roster_pipeline.web.admins import list_admin_lines, list_schools, read_clever_ids
from roster_pipeline.web.fresh import ask_fresh_login
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import DISTRICT_ADMIN
from roster_pipeline.web.routing import get, post

PATH = "/clever/admins"


def show_admins(page: Page, *, refusal: str | None = None, status: int = 200) -> Response:
    """List the admins, and show the form that makes one."""
    return page.render(
        "admins.html",
        status,
        admins=list_admin_lines(page.pg, page.own.id),
        schools=list_schools(page.pg),
        refusal=refusal,
        email=page.form.get("email", ""),
    )


def make_admin(page: Page) -> Response:
    """File the decision to make an admin of the whole district or of some schools."""
    page.require(ACT)
    if refusal := ask_fresh_login(page, PATH):
        return refusal
    own_schools = {school.id for school in list_schools(page.pg)}
    chosen = [number for number in own_schools if page.form.get(f"school_{number}")]
    scope = page.form.get("scope", "")
    if scope not in ("organization", "schools"):
        raise HTTPException(400)
    if scope == "schools" and not chosen:
        wrong = page.words.text("Choose at least one school, or the whole district.")
        return show_admins(page, refusal=wrong, status=400)
    try:
        email = check_email(page.form.get("email", ""))
    except AdminRefused:
        wrong = page.words.text("Give the email that the person has in Clever or in Google.")
        return show_admins(page, refusal=wrong, status=400)
    assert page.viewer.account_id is not None
    schools = sorted(chosen) if scope == "schools" else []
    args = {"email": email, "schools": read_clever_ids(page.pg, schools)}
    requester = f"account:{page.viewer.account_id}"
    number = file_correction(page.pg, page.own.id, "add_admin", args, requested_by=requester)
    after = {"scope": scope, "schools": schools, "correction": number}
    return page.finish(f"/clever/decisions/{number}", ACT, ("correction", number), after=after)


def remove_admin(page: Page) -> Response:
    """Take the rights of an admin back. The last admin of the district stays, and nobody removes oneself."""
    page.require(ACT)
    if refusal := ask_fresh_login(page, PATH):
        return refusal
    account_id = page.number("account")
    lock_admins(page.pg, page.own.id)
    before = read_rights(page.pg, page.own.id, account_id)
    if before.scope is None:
        raise HTTPException(404)
    if account_id == page.viewer.account_id:
        return show_admins(page, refusal=page.words.text("You cannot remove yourself. Ask another admin."), status=409)
    if is_last_district_admin(page.pg, page.own.id, account_id):
        wrong = page.words.text("The last admin of the district stays. Make another one first.")
        return show_admins(page, refusal=wrong, status=409)
    end_rights(page.pg, page.own.id, account_id, page.now)
    states = {"before": asdict(before), "after": asdict(AdminRights())}
    return page.finish(PATH, ACT, ("account", account_id), **states)


ROUTES = [
    get(PATH, show_admins, DISTRICT_ADMIN),
    post(PATH, make_admin, DISTRICT_ADMIN),
    post(PATH + "/{account}/remove", remove_admin, DISTRICT_ADMIN),
]
