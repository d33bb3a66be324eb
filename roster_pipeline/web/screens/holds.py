"""The screens of plans on hold: the list, the letter of one plan, its people by name, and the decision."""

from __future__ import annotations

import re

import sqlalchemy as sa
from starlette.exceptions import HTTPException
from starlette.responses import Response

from roster_pipeline.explain.held_people import find_people_on_hold
from roster_pipeline.product.tables import holds, schools
from roster_pipeline.syncs.held_plans import NAME_CHARS, HeldPlan, list_held_plans
from roster_pipeline.web.admins import list_deciders
from roster_pipeline.web.audit import record_act
from roster_pipeline.web.fresh import ask_fresh_login
from roster_pipeline.web.letter import Letter, describe_for_clever_admin, write_letter
from roster_pipeline.web.page import Page, StaleForm
from roster_pipeline.web.rights import ADMINS, DECIDERS, DISTRICT_ADMIN, LIBRARY_TEACHER, Role
from roster_pipeline.web.routing import get, post
from roster_pipeline.web.screens.decisions import file_decision
from roster_pipeline.web.state import state_of

DIGEST_START = re.compile(r"[0-9a-f]{12}")
MOST_PEOPLE = 500


def show_holds(page: Page) -> Response:
    """List the plans that wait for a decision, each with its first sentence."""
    return page.render("holds.html", letters=[_write(page, plan) for plan in list_held_plans(page.pg)])


def show_hold(page: Page) -> Response:
    """Show the letter of one plan, or what became of a plan that does not wait any more."""
    plan = _find_plan(page)
    if plan is None:
        return _show_ended(page, 200)
    return _show_letter(page, plan)


def show_people(page: Page) -> Response:
    """Name the people whom a plan concerns. Each look has a row in the audit trail."""
    plan = _find_plan(page)
    if plan is None:
        return _show_ended(page, 200)
    record_act(
        page,
        to=page.request.url.path,
        act="open_names",
        target=("plan", plan.name),
        before=None,
        after=None,
    )
    state = state_of(page.request)
    folder = state.settings.districts_folder
    people = find_people_on_hold(state.engine, folder, plan.district_id, plan.digest)
    return page.render("hold_people.html", plan=plan, people=people, most=MOST_PEOPLE)


def approve_plan(page: Page) -> Response:
    """File the approval of exactly the plan that the form showed."""
    return _decide(page, "approve")


def reject_plan(page: Page) -> Response:
    """File the rejection of exactly the plan that the form showed."""
    return _decide(page, "reject")


def _decide(page: Page, kind: str) -> Response:
    page.require("decide_hold")
    plan = _find_plan(page)
    if plan is None or page.form.get("seen") != plan.digest:
        return _show_ended(page, 409) if plan is None else _show_letter(page, plan, 409, has_changed=True)
    if answer := ask_fresh_login(page, f"/clever/holds/{plan.name}"):
        return answer
    if kind == "reject":
        return file_decision(
            page, "decide_hold", "reject", ("plan", plan.name), {"plan": plan.digest}, {"decision": "rejected"}
        )
    if not plan.is_approvable:
        raise StaleForm(f"/clever/holds/{plan.name}")
    letter = _write(page, plan)
    if letter.confirmation and page.form.get("number", "").replace(",", "").strip() != str(letter.confirmation):
        return _show_letter(page, plan, 400, is_unconfirmed=True)
    return file_decision(
        page, "decide_hold", "approve", ("plan", plan.name), {"plan": plan.digest}, {"decision": "approved"}
    )


def _show_letter(
    page: Page, plan: HeldPlan, status: int = 200, *, has_changed: bool = False, is_unconfirmed: bool = False
) -> Response:
    letter = _write(page, plan)
    return page.render(
        "hold.html",
        status,
        letter=letter,
        copy=describe_for_clever_admin(letter, page.words),
        has_changed=has_changed,
        is_unconfirmed=is_unconfirmed,
        deciders=[] if page.may("decide_hold") else list_deciders(page.pg, shows_email=True),
    )


def _show_ended(page: Page, status: int) -> Response:
    """Show what became of a plan that does not wait any more.

    Raises:
        HTTPException: 404, the organization never had this plan.
    """
    is_own = holds.c.plan_digest.startswith(_plan_name(page))
    state = page.pg.execute(sa.select(holds.c.state).where(is_own).order_by(holds.c.id.desc()).limit(1)).scalar()
    if state is None:
        raise HTTPException(404)
    return page.render(
        "hold_ended.html", status, state=state, letters=[_write(page, p) for p in list_held_plans(page.pg)]
    )


def _find_plan(page: Page) -> HeldPlan | None:
    """Return the plan of the path, if it still waits."""
    name = _plan_name(page)
    return next((plan for plan in list_held_plans(page.pg) if plan.digest.startswith(name)), None)


def _plan_name(page: Page) -> str:
    """Return the first digits of the plan in the path.

    Raises:
        HTTPException: 404, no plan can have this name.
    """
    name = str(page.request.path_params["plan"])
    if not DIGEST_START.fullmatch(name):
        raise HTTPException(404)
    assert len(name) == NAME_CHARS
    return name


def _write(page: Page, plan: HeldPlan) -> Letter:
    """Return the letter of a plan. A school admin reads of the own schools alone."""
    own = None
    if page.viewer.role is Role.SCHOOL_ADMIN:
        own = set(page.pg.execute(sa.select(schools.c.clever_id).where(schools.c.clever_id.is_not(None))).scalars())
    return write_letter(plan, page.words, own)


ROUTES = [
    get("/clever/holds", show_holds, ADMINS | LIBRARY_TEACHER),
    get("/clever/holds/{plan}", show_hold, ADMINS | LIBRARY_TEACHER),
    get("/clever/holds/{plan}/people", show_people, DISTRICT_ADMIN, reads_file=True),
    post("/clever/holds/{plan}/approve", approve_plan, DECIDERS),
    post("/clever/holds/{plan}/reject", reject_plan, DECIDERS),
]
