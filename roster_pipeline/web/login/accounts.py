"""Whose account a login through a district or Google opens. Such a login makes no account: the sync does.

The document docs/clever-page.md describes it in section *Log in*. `library.py` has the logins of Clever Library.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.corrections.queue import file_correction
from roster_pipeline.errors import TierRefused
from roster_pipeline.model.text import fold_name
from roster_pipeline.product.connections import RefreshStop, find_refresh_stop
from roster_pipeline.product.organizations import COLUMNS, Organization, find_library_organization
from roster_pipeline.product.tables import (
    identity_links,
    organizations,
    refresh_requests,
    web_identities,
    web_sessions,
)
from roster_pipeline.syncs.requests import file_request
from roster_pipeline.web.login.clever import Identity, Name, User
from roster_pipeline.web.login.google import GoogleIdentity
from roster_pipeline.web.rights import ADMINS, STAFF, STUDENTS, Place, Role, Viewer, has_membership, read_viewer
from roster_pipeline.web.sessions import begin_session, hash_token
from roster_pipeline.web.visibility import Visibility, set_visibility

REQUESTER = "login"
"""Who requests what a login files: the update for a person who logs in before it, and the review of a teacher."""
JOINED_LATELY = timedelta(days=25)
"""How long after it a person reads that the account was joined. Sessions are kept a little longer."""
STAFF_ROLES = frozenset({"staff", "district_admin"})
DISTRICT = sa.func.roster.organization_of_login(sa.bindparam("district", type_=sa.Text)).table_valued("organization_id")
LOGIN = sa.func.roster.account_of_login("clever", sa.bindparam("clever_id", type_=sa.Text)).table_valued(
    "account_id", "organization_id", "is_archived"
)
FIND_LOGIN = sa.select(DISTRICT.c.organization_id.label("district_organization_id"), LOGIN).select_from(
    DISTRICT.outerjoin(LOGIN, sa.true())
)
"""Finds the organization of a district, and the account that a login with Clever belongs to."""
link, session = identity_links.c, web_sessions.c
PERSON = sa.bindparam("account", type_=sa.BigInteger)
HAS_LATER_SESSION = sa.exists().where(
    session.account_id == PERSON, session.created_at > link.linked_at, session.token_hash != sa.bindparam("own")
)
FIND_JOINED = sa.select(link.id).where(
    *(link.account_id == PERSON, link.unlinked_at.is_(None), link.rule == "email"),
    link.linked_at > sa.bindparam("since"),
    ~HAS_LATER_SESSION,
)
"""Finds the link by email of a person who has had no session since. The session with the hash `own` does not count."""


class LoginRefused(Exception):
    """The login opens no account. `reason` is a key of `errors.LOGIN_ERRORS`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def find_clever_account(pg: Connection, identity: Identity) -> int | None:
    """Return the account of a person of a connected district, or None if no login or sync has linked one.

    Raises:
        LoginRefused: the district is not connected, or it no longer shares the person.
    """
    row = pg.execute(FIND_LOGIN, {"district": identity.district, "clever_id": identity.id}).one_or_none()
    if row is None:
        raise LoginRefused("unknown_district")
    if row.account_id is None:
        return None
    account_id = int(row.account_id)
    is_of_district = row.organization_id in (None, row.district_organization_id)
    # The next update of the district moves a person of Clever Library to it (docs/rules.md R3.13).
    is_of_district = is_of_district or row.organization_id == find_library_organization(pg)
    if row.is_archived or not is_of_district:
        raise LoginRefused("not_shared")
    return account_id


def link_by_email(pg: Connection, identity: Identity, user: User) -> int | None:
    """Link an unlinked person by exact email: an admin of the district, or anybody of a district with logins only.

    Raises:
        LoginRefused: the person has no place here.
    """
    organization = _organization_of(pg, identity)
    if not _is_only_staff(user) and organization.tier == "secure_sync":
        return None
    row = find_email(pg, "clever", (user.email or "").strip())
    viewer = read_viewer(pg, row.account_id, None, "clever") if row and not row.is_pinned else None
    if row is None or viewer is None or not _is_place_of(user, viewer.places, organization.organization_id):
        raise LoginRefused("no_place")
    has_other = has_other_names(user, viewer)
    if ("student" in user.roles and has_other) or _is_other_person(pg, identity.id, row.account_id):
        raise LoginRefused("no_place")
    _pin(pg, "clever", identity.id, row.account_id)
    if has_other and "teacher" in user.roles:
        _flag_login(pg, organization.organization_id, user, row.account_id)
    return int(row.account_id)


def _is_other_person(pg: Connection, clever_id: str, account_id: int) -> bool:
    """Return whether a person has decided that the person who logs in is not the one of the account."""
    query = sa.text("select roster.is_other_person(:person, :account)")
    return bool(pg.execute(query, {"person": clever_id, "account": account_id}).scalar())


def _flag_login(pg: Connection, organization_id: int, user: User, account_id: int) -> None:
    """File the review about a teacher whose account has another name (docs/rules.md R2.17). The login goes on."""
    name = user.name or Name()
    says = {"first_name": name.first, "last_name": name.last, "email": user.email, "role": "teacher"}
    args = {"person": user.id, "account_id": account_id, "clever_says": says}
    set_visibility(pg, Visibility(organization_id))
    file_correction(pg, organization_id, "flag", args, requested_by=REQUESTER)


def _is_only_staff(user: User) -> bool:
    return bool(STAFF_ROLES & user.roles.keys()) and not {"teacher", "student"} & user.roles.keys()


def _is_place_of(user: User, places: Sequence[Place], organization_id: int) -> bool:
    """Return whether an account with these places may be that of a person in Clever.

    The roles have to agree, and a teacher or a student has no place in another district (docs/rules.md R2.13 to R2.15).
    """
    if _is_only_staff(user):
        return any(place.role in ADMINS for place in places if place.organization_id == organization_id)
    is_student, is_teacher = "student" in user.roles, "teacher" in user.roles
    roles = STUDENTS if is_student else STAFF | {Role.LOGIN_ONLY} if is_teacher else frozenset()
    is_here = any(place.organization_id == organization_id for place in places)
    elsewhere = [place for place in places if place.organization_id != organization_id and place.tier != "library"]
    return is_here and not elsewhere and all(place.role in roles for place in places)


def has_other_names(user: User, viewer: Viewer) -> bool:
    """Return whether neither name of a person agrees with the account (docs/rules.md R2.17). No missing one differs."""
    name = user.name or Name()
    pairs = ((name.first, viewer.first_name), (name.last, viewer.last_name))
    folded = [(fold_name(mine or ""), fold_name(theirs or "")) for mine, theirs in pairs]
    return all(mine and theirs and mine != theirs for mine, theirs in folded)


def find_google_account(pg: Connection, identity: GoogleIdentity) -> int:
    """Return the existing account of a Google login. The first login pins the account to the Google identity.

    Raises:
        LoginRefused: no account has this email, another Google identity has it already, or the account is closed.
    """
    row = find_login(pg, "google", identity.subject)
    if row and row.is_archived:
        raise LoginRefused("not_shared")
    return int(row.account_id) if row else _pin_google(pg, identity)


def _pin_google(pg: Connection, identity: GoogleIdentity) -> int:
    """Pin the account with exactly the email of a Google identity to it, and return the account."""
    row = find_email(pg, "google", identity.email)
    if row is None or row.is_pinned or (row.domains and identity.domain not in row.domains):
        raise LoginRefused("google_unknown")
    _pin(pg, "google", identity.subject, row.account_id)
    return int(row.account_id)


def begin_login(
    pg: Connection,
    *,
    account_id: int | None,
    clever_id: str | None,
    login_kind: str,
    now: datetime,
    waits_in: int | None = None,
) -> tuple[str, Viewer]:
    """Begin the session of a person. Return its token and the person.

    Args:
        waits_in: the organization in which a person without an account waits for one.

    Raises:
        LoginRefused: no organization has the account as a member, or the account is that of a removed admin.
    """
    viewer = read_viewer(pg, account_id, None, login_kind)
    if account_id and not viewer.places:
        raise LoginRefused("removed" if has_membership(pg, account_id) else "not_shared")
    organization_id = viewer.place.organization_id if viewer.place else waits_in
    token = begin_session(
        pg,
        account_id=account_id,
        clever_id=clever_id,
        organization_id=organization_id,
        login_kind=login_kind,
        is_student=viewer.role == "student",
        now=now,
    )
    return token, viewer


def is_newly_joined(pg: Connection, viewer: Viewer, token: str, now: datetime) -> bool:
    """Return whether a person who had an account before was joined to a district by email since the last session.

    Args:
        token: the token of the session that has just begun.
    """
    if viewer.account_id is None:
        return False
    set_visibility(pg, viewer.visibility)
    values = {"account": viewer.account_id, "own": hash_token(token), "since": now - JOINED_LATELY}
    return pg.execute(FIND_JOINED, values).first() is not None


def request_account(pg: Connection, identity: Identity) -> int:
    """Request the update that makes the account of a person who was shared after the last one.

    A request of another login that still waits serves this one too. If no update may begin, no request is filed, and
    the person reads so (`find_account_stop`).

    Returns:
        The organization in which the person waits.
    """
    organization = _organization_of(pg, identity)
    organization_id = int(organization.organization_id)
    set_visibility(pg, Visibility(organization_id))
    own = refresh_requests.c.organization_id == organization.organization_id
    waits = sa.and_(own, refresh_requests.c.requested_by == REQUESTER, refresh_requests.c.state == "queued")
    if pg.execute(sa.select(refresh_requests.c.id).where(waits).limit(1)).scalar():
        return organization_id
    with suppress(TierRefused):
        file_request(pg, str(identity.district), scope="district", scope_clever_id=None, requested_by=REQUESTER)
    return organization_id


def find_account_stop(pg: Connection, organization_id: int) -> RefreshStop | None:
    """Return why no update may make the account of a person who waits, or None if one may."""
    set_visibility(pg, Visibility(organization_id))
    row = pg.execute(sa.select(*COLUMNS).where(organizations.c.id == organization_id)).one()
    return find_refresh_stop(Organization(*row))


def _organization_of(pg: Connection, identity: Identity) -> sa.Row[tuple[int, str, str]]:
    query = sa.text("select * from roster.organization_of_login(:district)")
    row = pg.execute(query, {"district": identity.district}).one_or_none()
    if row is None:
        raise LoginRefused("unknown_district")
    return row


def find_login(pg: Connection, provider: str, subject: str) -> sa.Row[tuple[int, int | None, bool]] | None:
    """Return the account that a login belongs to, the organization of its identity link, and whether it is closed."""
    query = sa.text("select * from roster.account_of_login(:provider, :subject)")
    return pg.execute(query, {"provider": provider, "subject": subject}).one_or_none()


def find_email(pg: Connection, provider: str, email: str) -> sa.Row[tuple[int, bool, list[str]]] | None:
    """Return the live account with exactly this email, and whether another login of the provider has it already.

    No account has an empty email, or one with a control character.
    """
    if not email or not email.isprintable():
        return None
    query = sa.text("select * from roster.account_of_email(:provider, :email)")
    return pg.execute(query, {"provider": provider, "email": email}).one_or_none()


def _pin(pg: Connection, provider: str, subject: str, account_id: int) -> None:
    pg.execute(web_identities.insert().values(provider=provider, subject=subject, account_id=account_id))
