"""The question at the first login of a Library teacher: whether an earlier account with the same email is theirs."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from roster_pipeline.web.library_merges import file_merge, find_merge_state, find_own_review
from roster_pipeline.web.library_tokens import has_token
from roster_pipeline.web.login.accounts import LoginRefused, find_google_account
from roster_pipeline.web.login.attempt import MAX_AGE_SECONDS, Attempt, write_attempt
from roster_pipeline.web.login.entry import MERGE
from roster_pipeline.web.login.google import GoogleIdentity
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import LIBRARY_TEACHER
from roster_pipeline.web.routing import find_visitor, get, post
from roster_pipeline.web.screens.updates import LOG_IN_AGAIN
from roster_pipeline.web.state import WebState, state_of
from roster_pipeline.web.visibility import page_transaction, set_visibility

OPEN_STATES = ("queued", "running")
PROVE = "/login/google?proof=1"
LEEWAY_SECONDS = 30
"""By how much the clock of Google may be behind."""


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
        refused=page.request.query_params.get("refused"),
        may_prove=state_of(page.request).google is not None,
    )


def answer_merge_question(page: Page) -> Response:
    """Lead to the proof, or keep the new account. The review stays open, so the teacher can join both later."""
    account_id, answer = page.viewer.account_id, page.form.get("answer")
    if answer not in ("yes", "no"):
        raise HTTPException(400)
    if answer == "no":
        return page.finish(page.viewer.landing, "keep_new_account", ("account", account_id))
    state = state_of(page.request)
    attempt = Attempt(began=page.now.timestamp(), proof_session=page.session.token_hash)
    response = page.finish(PROVE, "claim_account", ("account", account_id))
    state.set_cookie(response, state.login_cookie, write_attempt(state, attempt), MAX_AGE_SECONDS)
    return response


def take_proof(request: Request, identity: GoogleIdentity, attempt: Attempt) -> Response:
    """File the merge of a Library teacher who has logged in to the earlier account with Google. The session stays.

    The login has to be newer than the press of the teacher, because another person's Google session may be open on a
    shared computer. The checks come before the login pins the account to the Google identity.
    """
    state = state_of(request)
    if (identity.authenticated_at or 0) < attempt.began - LEEWAY_SECONDS:
        return _end_proof(state, f"{MERGE}?refused=old")
    to = MERGE
    try:
        with page_transaction(state.engine) as pg:
            visitor = find_visitor(request, pg)
            if visitor is None or visitor[1].account_id is None or visitor[0].token_hash != attempt.proof_session:
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
        to = f"{MERGE}?refused=other"
    return _end_proof(state, to)


def _end_proof(state: WebState, to: str) -> Response:
    response = RedirectResponse(to, 303)
    state.clear_cookie(response, state.login_cookie)
    return response


ROUTES = [get(MERGE, ask_for_merge, LIBRARY_TEACHER), post(MERGE, answer_merge_question, LIBRARY_TEACHER)]
