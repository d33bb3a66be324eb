"""The screens of decisions: how far a filed decision is, and taking an update back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from roster_pipeline.corrections.handlers import CorrectionKind
from roster_pipeline.corrections.queue import file_correction
from roster_pipeline.product.tables import reviews, schools, syncs
from roster_pipeline.web.decisions import TITLES, Decision, describe_decision, find_decision, list_skipped_names
from roster_pipeline.web.fresh import ask_fresh_login
from roster_pipeline.web.lists import read_id
from roster_pipeline.web.page import Page, StaleForm
from roster_pipeline.web.review_cards import OPERATOR_REASONS
from roster_pipeline.web.rights import DECIDERS, Role
from roster_pipeline.web.routing import get, post
from roster_pipeline.web.sync_lines import Sync, find_sync

UNDO_AGE = timedelta(days=30)
"""The age up to which the page takes an update back."""


def file_decision(
    page: Page,
    act: str,
    kind: CorrectionKind,
    target: tuple[str, object],
    args: Mapping[str, Any],
    after: Mapping[str, Any],
) -> Response:
    """File a decision for the worker, write the audit row, and lead to the screen that shows its end."""
    decision_id = file_correction(
        page.pg,
        page.own.id,
        kind,
        {**args, "account_id": page.viewer.account_id},
        requested_by=f"account:{page.viewer.account_id}",
    )
    return page.finish(f"/clever/decisions/{decision_id}", act, target, after={**after, "decision_id": decision_id})


def show_decision(page: Page) -> Response:
    """Show how far a decision is. An approved plan leads on to the update that applies it."""
    decision = _require_decision(page)
    if request := decision.result.get("request"):
        return RedirectResponse(f"/clever/updates/{request}", 303)
    return page.render("decision.html", is_fragment=False, **_values(page, decision))


def show_decision_state(page: Page) -> Response:
    """Return the part of a decision's screen that changes, or 204 if it shows this state already."""
    decision = _require_decision(page)
    values = _values(page, decision)
    response = Response(status_code=204)
    if page.request.query_params.get("seen") != values["version"]:
        response = page.render("decision_state.html", is_fragment=True, **values)
    if request := decision.result.get("request"):
        response.headers["hx-redirect"] = f"/clever/updates/{request}"
    response.headers["etag"] = f'"{values["version"]}"'
    return response


def undo_update(page: Page) -> Response:
    """File the undo of an update, or of one school of it."""
    page.require("undo_sync")
    sync = find_sync(page.pg, page.number("id"))
    if sync is None:
        raise HTTPException(404)
    if answer := ask_fresh_login(page, f"/clever/syncs/{sync.id}"):
        return answer
    if not may_undo(page, sync) or page.form.get("seen") != sync.state:
        raise StaleForm(f"/clever/syncs/{sync.id}")
    school_id = page.form.get("school", "")
    clever_id = _find_school(page, school_id) if school_id else None
    args = {"sync": sync.id, "school": clever_id}
    return file_decision(page, "undo_sync", "undo", ("sync", sync.id), args, {"school": school_id or None})


def may_undo(page: Page, sync: Sync) -> bool:
    """Return whether the person may take an update back now."""
    at = sync.finished_at or sync.started_at
    is_open = sync.state in ("published", "held") and page.now - at <= UNDO_AGE
    if page.viewer.role is Role.LIBRARY_TEACHER and not _is_last_own(page, sync):
        return False
    return page.may("undo_sync") and is_open and not _is_of_operators(page, sync)


def _is_last_own(page: Page, sync: Sync) -> bool:
    """Return whether an update is the last one of this Library teacher."""
    own = sa.and_(syncs.c.account_id == page.viewer.account_id, syncs.c.trigger == "library")
    last = sa.select(sa.func.max(syncs.c.id)).where(own, syncs.c.state.in_(("published", "held")))
    return sync.id == page.pg.execute(last).scalar()


def _is_of_operators(page: Page, sync: Sync) -> bool:
    """Return whether a correction concerns another organization, so that only an operator may take it back."""
    decided = sync.counts.get("reviews") or [sync.counts.get("review")]
    reasons = page.pg.execute(sa.select(reviews.c.reason).where(reviews.c.id.in_(decided))).scalars()
    return bool(sync.counts.get("from_organizations")) or not OPERATOR_REASONS.isdisjoint(reasons)


def _find_school(page: Page, school_id: str) -> str:
    """Return the Clever id of a school of the form.

    Raises:
        HTTPException: 404, the person sees no such school.
    """
    own = schools.c.id == read_id(school_id)
    clever_id = page.pg.execute(sa.select(schools.c.clever_id).where(own)).scalar()
    if clever_id is None:
        raise HTTPException(404)
    return str(clever_id)


def _require_decision(page: Page) -> Decision:
    decision = find_decision(page.pg, page.number("id"))
    is_library = page.viewer.role is Role.LIBRARY_TEACHER
    if decision is None or (is_library and decision.requested_by != f"account:{page.viewer.account_id}"):
        raise HTTPException(404)
    return decision


def _values(page: Page, decision: Decision) -> dict[str, Any]:
    sentences = describe_decision(decision, page.words)
    return {
        "decision": decision,
        "title": page.words.text(TITLES[decision.kind]),
        "sentences": sentences,
        "skipped": list_skipped_names(page.pg, decision),
        "version": hashlib.sha256(repr((decision.state, sentences)).encode()).hexdigest()[:16],
    }


ROUTES = [
    get("/clever/decisions/{id}", show_decision, DECIDERS),
    get("/clever/decisions/{id}/state", show_decision_state, DECIDERS),
    post("/clever/syncs/{id}/undo", undo_update, DECIDERS),
]
