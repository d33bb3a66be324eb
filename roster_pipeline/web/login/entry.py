"""The end of a login with Clever: the session of the person, and what the login files."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from sqlalchemy import Connection

from roster_pipeline.errors import PressedTooOften
from roster_pipeline.syncs.library_requests import file_library_request
from roster_pipeline.web.library import has_chosen
from roster_pipeline.web.library_merges import find_own_review
from roster_pipeline.web.library_tokens import delete_token, save_token
from roster_pipeline.web.login.accounts import (
    begin_login,
    find_clever_account,
    is_newly_joined,
    link_by_email,
    request_account,
)
from roster_pipeline.web.login.clever import Identity
from roster_pipeline.web.login.library import find_library_account, follow_role, make_account, refuse_premium_email
from roster_pipeline.web.rights import LANDING, TEACHERS, Role, Viewer
from roster_pipeline.web.sessions import change_session, hash_token
from roster_pipeline.web.state import WebState
from roster_pipeline.web.visibility import page_transaction, set_visibility

MERGE, CHOOSE = "/login/merge", "/clever/library"


@dataclass(frozen=True)
class Entry:
    """The session of a login.

    Attributes:
        session_token: the value for the browser.
        landing: the screen of the role, or a screen that the person has to see first.
        is_question: the landing screen comes before the screen that the person wanted.
    """

    session_token: str
    landing: str
    is_question: bool = False


Note = Callable[[Connection, str], None]
"""Notes the session token of a code, in the transaction that begins the session."""


def enter_with_clever(state: WebState, token: str, note: Note) -> Entry:
    """Log in the person of a token of Clever. Whether it is a login through a district is decided each time.

    Raises:
        LoginRefused: the login opens no account.
        LoginUnanswered: Clever gave no usable answer.
    """
    identity = state.clever.identify(token)
    enter = _enter_library if identity.is_library else _enter_district
    return enter(state, token, identity, note)


def _enter_district(state: WebState, token: str, identity: Identity, note: Note) -> Entry:
    """Log in a person of a connected district. The token is not kept."""
    with page_transaction(state.engine) as pg:
        account_id = find_clever_account(pg, identity)
        if account_id:
            return _open_session(state, pg, identity, note, account_id)
    user = state.clever.read_user(token, identity.id)
    with page_transaction(state.engine) as pg:
        return _open_session(state, pg, identity, note, link_by_email(pg, identity, user))


def _open_session(state: WebState, pg: Connection, identity: Identity, note: Note, account_id: int | None) -> Entry:
    """Begin the session of a person of a district. A person without an account waits for one."""
    waits_in = request_account(pg, identity) if account_id is None else None
    now = state.now()
    session_token, viewer = begin_login(
        pg, account_id=account_id, clever_id=identity.id, login_kind="clever", now=now, waits_in=waits_in
    )
    note(pg, session_token)
    if viewer.role in TEACHERS:
        _leave_library(pg, viewer, identity, session_token)
    if viewer.role is not Role.LIBRARY_TEACHER and is_newly_joined(pg, viewer, session_token, now):
        return Entry(session_token, "/login/joined", is_question=True)
    return Entry(session_token, viewer.landing)


def _leave_library(pg: Connection, viewer: Viewer, identity: Identity, session_token: str) -> None:
    """Delete the token that a teacher may have from Clever Library, because the district brings the classes now.

    The next update of the district moves the teacher to it. The login requests that update.
    """
    assert viewer.account_id is not None
    set_visibility(pg, viewer.visibility)
    delete_token(pg, viewer.account_id)
    if viewer.role is Role.LIBRARY_TEACHER:
        change_session(pg, hash_token(session_token), organization_id=request_account(pg, identity))


def _enter_library(state: WebState, token: str, identity: Identity, note: Note) -> Entry:
    """Log in a person of Clever Library. A new one gets an account at once.

    The token of a teacher is kept, and the login files an update of the teacher's classes.
    """
    with page_transaction(state.engine) as pg:
        account_id = find_library_account(pg, identity)
    is_new = account_id is None
    if account_id is None:
        user = state.clever.read_user(token, identity.id)
        with page_transaction(state.engine) as pg:
            refuse_premium_email(pg, user)
        account_id = make_account(state, user)
    else:
        follow_role(state, token, identity.id, account_id)
    now = state.now()
    with page_transaction(state.engine) as pg:
        session_token, viewer = begin_login(
            pg, account_id=account_id, clever_id=identity.id, login_kind="clever", now=now
        )
        note(pg, session_token)
        place = next((each for each in viewer.places if each.role is Role.LIBRARY_TEACHER), None)
        if place is None:
            return Entry(session_token, viewer.landing)
        # The person may be an admin elsewhere. A login through Clever Library opens the classes of the teacher.
        change_session(pg, hash_token(session_token), acting=place.key)
        set_visibility(pg, replace(viewer, place=place).visibility)
        save_token(pg, state.vault, account_id, token, now)
        with suppress(PressedTooOften):
            file_library_request(pg, account_id, at=now)
        if is_new and find_own_review(pg, account_id):
            return Entry(session_token, MERGE, is_question=True)
        # Without a chosen class there is nothing to update, so the teacher chooses first.
        return Entry(session_token, LANDING[place.role] if has_chosen(pg, account_id) else CHOOSE)
