"""The login through Clever Library: whose account it opens, and the account that it makes (docs/clever-page.md)."""

from __future__ import annotations

from sqlalchemy import Connection

from roster_pipeline.corrections.library_account import LibraryPerson, change_role, make_library_account
from roster_pipeline.model.resources import TEXT_MAX_CHARS
from roster_pipeline.product.admin_accounts import BLANKS
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import open_product
from roster_pipeline.product.organizations import find_library_organization
from roster_pipeline.web.login.accounts import LoginRefused, find_email, find_login, has_other_names
from roster_pipeline.web.login.clever import Identity, LoginUnanswered, Name, User
from roster_pipeline.web.rights import Role, Viewer, read_viewer
from roster_pipeline.web.state import WebState
from roster_pipeline.web.visibility import page_transaction

ROLES = {"teacher": Role.LIBRARY_TEACHER, "student": Role.STUDENT}


def find_library_account(pg: Connection, identity: Identity) -> int | None:
    """Return the account of a person who comes through Clever Library, or None if the login has to make one.

    A person whom a district has shared before keeps the place there. A former member of the Library organization gets
    the membership back.

    Raises:
        LoginRefused: the account is closed, or its plan has no Clever Library.
    """
    row = find_login(pg, "clever", identity.id)
    if row is None:
        return None
    if row.is_archived:
        raise LoginRefused("not_shared")
    viewer = read_viewer(pg, row.account_id, None, "clever")
    _refuse_premium(viewer)
    if viewer.place is None and row.organization_id not in (None, find_library_organization(pg)):
        raise LoginRefused("not_shared")
    return int(row.account_id) if viewer.place else None


def refuse_premium_email(pg: Connection, user: User) -> None:
    """Refuse a new teacher whose email an account of a plan without Clever Library has.

    Clever verifies no email, so an account of another name says nothing about the teacher.

    Raises:
        LoginRefused: that account is a Premium teacher's.
    """
    row = find_email(pg, "clever", _clean_email(user) or "") if "teacher" in user.roles else None
    viewer = read_viewer(pg, row.account_id, None, "clever") if row else None
    if viewer and not has_other_names(user, viewer):
        _refuse_premium(viewer)


def make_account(state: WebState, user: User) -> int:
    """Make the account of a teacher or a student of Clever Library, with the database user of the syncs.

    Raises:
        LoginRefused: the person is neither.
    """
    person = _describe_person(user)
    if person is None:
        raise LoginRefused("no_place")
    at = state.now()
    return write_product(
        open_product(state.settings),
        lambda pg: make_library_account(pg, find_library_organization(pg), person, at),
    )


def follow_role(state: WebState, token: str, clever_id: str, account_id: int) -> None:
    """Give a person who has an account the role that Clever says now. Without an answer the role stays."""
    try:
        person = _describe_person(state.clever.read_user(token, clever_id))
    except LoginUnanswered:
        return
    with page_transaction(state.engine) as pg:
        viewer = read_viewer(pg, account_id, None, "clever")
    own = {place.role for place in viewer.places if place.tier == "library"}
    if person is None or not own or ROLES[person.role] in own:
        return
    at = state.now()
    write_product(open_product(state.settings), lambda pg: change_role(pg, find_library_organization(pg), person, at))


def _describe_person(user: User) -> LibraryPerson | None:
    """Return a teacher or a student as the product stores them, or None for somebody else."""
    name = user.name or Name()
    names = (_clean_name(name.first), _clean_name(name.last))
    if "teacher" in user.roles:
        return LibraryPerson(user.id, "teacher", *names, _clean_email(user))
    return LibraryPerson(user.id, "student", *names, None) if "student" in user.roles else None


def _clean_name(text: str | None) -> str | None:
    """Return a name that the product stores. PostgreSQL stores no NUL, and a longer text is rejected (R4.15)."""
    name = (text or "").strip(BLANKS)
    return name if name and "\0" not in name and len(name) <= TEXT_MAX_CHARS else None


def _clean_email(user: User) -> str | None:
    return (user.email or "").strip(BLANKS) or None


def _refuse_premium(viewer: Viewer) -> None:
    """Refuse a teacher whose only plan is one of logins, which Clever Library does not serve."""
    tiers = {place.tier for place in viewer.places if place.role != "student"}
    if tiers == {"sso_only"}:
        raise LoginRefused("premium")
