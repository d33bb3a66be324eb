"""The screens of updates: press *Update Roster*, see how far it is and its answer, and read what a sync changed."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from roster_pipeline.errors import PressedTooOften
from roster_pipeline.product.connections import find_refresh_stop
from roster_pipeline.product.tables import rosters, schools
from roster_pipeline.syncs.account_requests import file_account_request
from roster_pipeline.syncs.changes import count_listed, list_changes
from roster_pipeline.syncs.library_requests import file_library_request
from roster_pipeline.syncs.requests import estimate_answer_time
from roster_pipeline.web.admins import list_deciders, list_schools
from roster_pipeline.web.answers import STOPS, describe_estimate, describe_press, list_steps
from roster_pipeline.web.change_words import describe_change, title_of
from roster_pipeline.web.library_tokens import has_token
from roster_pipeline.web.lists import export_list, read_id
from roster_pipeline.web.page import Page
from roster_pipeline.web.presses import Press, find_press, list_presses
from roster_pipeline.web.rights import ADMINS, LIBRARY_TEACHER, STAFF, Role
from roster_pipeline.web.routing import get, post
from roster_pipeline.web.school_changes import count_in_schools
from roster_pipeline.web.screens.decisions import may_undo
from roster_pipeline.web.sync_lines import Sync, describe_sync, describe_syncs, find_sync, list_syncs

LOG_IN_AGAIN = "/login/clever?next=/clever/classes"
LINES, MOST_CHANGES, MOST_EXPORTED = 50, 50, 1_000_000
"""The syncs on the list, and the changes of one kind that the screen of a sync and its CSV name."""
SCOPES = {
    "district": ("update_district", "district", None),
    "school": ("update_school", "school", schools),
    "class": ("update_class", "section", rosters),
}
"""By the scope of the form: the act, the scope of the request and the table of its places."""


def show_updates(page: Page, *, refusal: str | None = None, status: int = 200) -> Response:
    """List the presses that wait, and the last updates. A teacher gets the own presses alone."""
    is_admin = page.viewer.role in ADMINS
    syncs = list_syncs(page.pg, limit=LINES, before=read_id(page.request.query_params.get("before", "")))
    presses = list_presses(page.pg, page.viewer, limit=LINES, is_open=is_admin)
    own = count_in_schools(page.pg, syncs, page.place.schools) if page.viewer.role is Role.SCHOOL_ADMIN else None
    return page.render(
        "updates.html",
        status,
        refusal=refusal,
        usual=describe_estimate(estimate_answer_time(page.pg, page.own.district_id, page.now), page.words),
        presses=[(press, describe_press(page.pg, press, page.words, sees_all=page.sees_all)) for press in presses],
        lines=describe_syncs(syncs, page.words, own) if is_admin else [],
        older=syncs[-1].id if len(syncs) == LINES else None,
        is_admin=is_admin,
    )


def request_update(page: Page) -> Response:
    """File the request of a press for the district, a school or a class."""
    form_scope = page.form.get("scope", "district")
    if form_scope == "library":
        return _request_library_update(page)
    if form_scope not in SCOPES:
        raise HTTPException(404)
    act, kind, table = SCOPES[form_scope]
    page.require(act)
    place_id, clever_id = (page.own.id, None) if table is None else _find_place(page, table)
    if stop := find_refresh_stop(page.own):
        return show_updates(page, refusal=page.words.text(STOPS[stop]), status=409)
    assert page.viewer.account_id is not None
    try:
        request_id = file_account_request(
            page.pg,
            page.own.district_id,
            page.viewer.account_id,
            scope=kind,
            scope_clever_id=clever_id,
            at=page.now,
        )
    except PressedTooOften:
        raise HTTPException(429) from None
    return page.finish(f"/clever/updates/{request_id}", act, (form_scope, place_id), after={"request": request_id})


def _request_library_update(page: Page) -> Response:
    """File the update of a Library teacher. Without a token, Clever logs the teacher in, and the login files it."""
    page.require("update_library")
    account_id = page.viewer.account_id
    assert account_id is not None
    if not has_token(page.pg, account_id, page.now):
        return page.finish(LOG_IN_AGAIN, "update_library", ("account", account_id))
    try:
        request_id = file_library_request(page.pg, account_id, at=page.now)
    except PressedTooOften:
        raise HTTPException(429) from None
    after = {"request": request_id}
    return page.finish(f"/clever/updates/{request_id}", "update_library", ("account", account_id), after=after)


def show_update(page: Page) -> Response:
    """Show how far an update is, or its answer. After a new login, an update that needed it leads to the next one."""
    press = _require_press(page)
    if press.refusal and (newer := list_presses(page.pg, page.viewer, limit=1)[0]).id != press.id:
        return RedirectResponse(f"/clever/updates/{newer.id}", 303)
    sentences = describe_press(page.pg, press, page.words, sees_all=page.sees_all)
    return page.render("update.html", is_fragment=False, **_press_values(page, press, sentences))


def show_update_state(page: Page) -> Response:
    """Return the part of an update's screen that changes, or 204 if it shows this state already."""
    press = _require_press(page)
    sentences = describe_press(page.pg, press, page.words, sees_all=page.sees_all)
    version = _version_of(press, sentences)
    seen = {page.request.query_params.get("seen"), page.request.headers.get("if-none-match", "").strip('"')}
    # Each browser that follows an update asks once a second, and most answers are this one.
    response = Response(status_code=204)
    if version not in seen:
        response = page.render("update_state.html", is_fragment=True, **_press_values(page, press, sentences))
    response.headers["etag"] = f'"{version}"'
    return response


def show_sync(page: Page) -> Response:
    """Show what one sync changed, of what the person may see."""
    sync = _require_sync(page)
    changes = list_changes(page.pg, sync.id, sees_all=page.sees_all, most=MOST_CHANGES)
    groups = [
        (
            title_of(key, rows[0].changes, page.words),
            [describe_change(row, page.words) for row in rows],
            rows[0].changes,
        )
        for key, rows in ((key, list(group)) for key, group in groupby(changes, key=lambda row: (row.noun, row.became)))
    ]
    can_undo = may_undo(page, sync)
    return page.render(
        "sync.html",
        sync=sync,
        sentences=describe_sync(sync, page.words, None if page.sees_all else {sync.id: count_listed(changes)}),
        groups=groups,
        may_undo=can_undo,
        undo_schools=list_schools(page.pg) if can_undo and not sync.is_correction else [],
    )


def export_sync(page: Page) -> Response:
    """Return what one sync changed as CSV."""
    sync = _require_sync(page)
    words = page.words
    changes = list_changes(page.pg, sync.id, sees_all=page.sees_all, most=MOST_EXPORTED)
    titles = {(row.noun, row.became): title_of((row.noun, row.became), row.changes, words) for row in changes}
    lines = ((titles[row.noun, row.became], describe_change(row, words)) for row in changes)
    cells = ((title, line.name, line.where, line.before, line.after) for title, line in lines)
    headings = (
        words.text("Change"),
        words.text("Name"),
        words.text("Where"),
        words.text("Before"),
        words.text("After"),
    )
    return export_list(page, "what_changed", headings, cells)


def _find_place(page: Page, table: sa.Table) -> tuple[int, str]:
    """Return the id and the Clever id of the school or class of the form, which the person must see.

    Raises:
        HTTPException: 404, there is no such place, or it is not from Clever.
    """
    place_id = read_id(page.form.get("id", ""))
    clever_id = page.pg.execute(sa.select(table.c.clever_id).where(table.c.id == place_id)).scalar()
    if place_id is None or clever_id is None:
        raise HTTPException(404)
    return place_id, clever_id


def _require_sync(page: Page) -> Sync:
    """Return the sync of the path. A Library teacher sees the own updates alone."""
    sync = find_sync(page.pg, page.number("id"))
    if sync is None or (page.viewer.role is Role.LIBRARY_TEACHER and sync.account_id != page.viewer.account_id):
        raise HTTPException(404)
    return sync


def _require_press(page: Page) -> Press:
    press = find_press(page.pg, page.viewer, page.number("id"))
    if press is None:
        raise HTTPException(404)
    return press


def _version_of(press: Press, sentences: list[str]) -> str:
    """Return a text that differs for each state of an update that the screen shows."""
    state = repr((press.state, press.step, press.read_rows, sentences))
    return hashlib.sha256(state.encode()).hexdigest()[:16]


def _press_values(page: Page, press: Press, sentences: list[str]) -> Mapping[str, Any]:
    usual = estimate_answer_time(page.pg, page.own.district_id, page.now) if press.is_open else None
    waits_for_others = press.state == "held" and not page.may("decide_hold")
    return {
        "press": press,
        "steps": list_steps(press, page.words) if press.state == "running" else [],
        "sentences": sentences,
        "usual": describe_estimate(usual, page.words),
        "version": _version_of(press, sentences),
        "may_see_changes": page.viewer.role in ADMINS or press.scope == "library",
        "deciders": list_deciders(page.pg, shows_email=page.viewer.role in ADMINS) if waits_for_others else [],
    }


ROUTES = [
    get("/clever/updates", show_updates, STAFF),
    post("/clever/updates", request_update, STAFF),
    get("/clever/updates/{id}", show_update, STAFF),
    get("/clever/updates/{id}/state", show_update_state, STAFF),
    get("/clever/syncs/{id}.csv", export_sync, ADMINS | LIBRARY_TEACHER),
    get("/clever/syncs/{id}", show_sync, ADMINS | LIBRARY_TEACHER),
]
