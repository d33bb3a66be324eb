"""The question at the first login of a Library teacher: whether an earlier account with the same email is theirs."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from roster_pipeline.web.library_merges import file_merge, find_merge_state, find_own_review
from roster_pipeline.web.library_tokens import has_token
from roster_pipeline.web.login.accounts import LoginRefused, find_google_account
from roster_pipeline.web.login.entry import MERGE
from roster_pipeline.web.login.google import GoogleIdentity
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import LIBRARY_TEACHER
from roster_pipeline.web.routing import find_visitor, get, post
from roster_pipeline.web.screens.updates import LOG_IN_AGAIN
from roster_pipeline.web.state import state_of
from roster_pipeline.web.visibility import page_transaction, set_visibility

OPEN_STATES = ("queued", "running")
PROVE = "/login/google?proof=1"


def ask_for_merge(page: Page) -> Response:
    """Ask whether the earlier account is the teacher's. While both are joined, show that, and go on afterwards."""
    account_id = page.viewer.account_id
    assert account_id is not None
    state, review = find_merge_state(page.pg, account_id), find_own_review(page.pg, account_id)
    if review is None:
        # A merge deletes the token, so the teacher comes from Clever again. With a session there that needs no click.
        return RedirectResponse(page.viewer.landing if has_token(page.pg, account_id, page.now) else LOG_IN_AGAIN, 303)
    return page.render(
        "merge.html",
        email=review.email,
        is_open=state in OPEN_STATES,
        has_failed=state == "failed",
        is_refused="refused" in page.request.query_params,
        may_prove=state_of(page.request).google is not None,
    )


def answer_merge_question(page: Page) -> Response:
    """Lead to the proof, or keep the new account. The review stays open, so the teacher can join both later."""
    account_id, answer = page.viewer.account_id, page.form.get("answer")
    if answer not in ("yes", "no"):
        raise HTTPException(400)
    to = PROVE if answer == "yes" else page.viewer.landing
    act = "claim_account" if answer == "yes" else "keep_new_account"
    return page.finish(to, act, ("account", account_id))


def take_proof(request: Request, identity: GoogleIdentity) -> Response:
    """File the merge of a Library teacher who has logged in to the earlier account with Google. The session stays.

    The role is checked before the login pins the account to the Google identity.
    """
    state = state_of(request)
    to = MERGE
    try:
        with page_transaction(state.engine) as pg:
            visitor = find_visitor(request, pg)
            if visitor is None or visitor[1].account_id is None:
                return RedirectResponse("/login", 303)
            if visitor[1].role not in LIBRARY_TEACHER:
                raise HTTPException(403)
            account_id = visitor[1].account_id
            proven_id = find_google_account(pg, identity)
            set_visibility(pg, visitor[1].visibility)
            review = find_own_review(pg, account_id)
            if review is None or review.account_id != proven_id:
                raise LoginRefused("another_account")
            if find_merge_state(pg, account_id) not in OPEN_STATES:
                file_merge(pg, account_id, review)
    except LoginRefused:
        to = f"{MERGE}?refused=1"
    response = RedirectResponse(to, 303)
    state.clear_cookie(response, state.login_cookie)
    return response


ROUTES = [get(MERGE, ask_for_merge, LIBRARY_TEACHER), post(MERGE, answer_merge_question, LIBRARY_TEACHER)]
