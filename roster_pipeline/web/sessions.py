"""Sessions of the page in PostgreSQL. A browser holds a random token, and the database holds the hash of it."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.tables import web_codes, web_preferences, web_sessions

columns = web_sessions.c
SEEN_STEP = timedelta(minutes=1)
"""How often the time of the last request is written."""
FRESH = timedelta(minutes=15)
"""The age of a login up to which it may approve, undo and remove an admin."""


@dataclass(frozen=True)
class Lifetime:
    """How long a session lives without use, and at the longest."""

    idle: timedelta
    longest: timedelta


WARNING = timedelta(minutes=2)
"""How long before the idle end a screen offers to go on."""
KEEP_SESSIONS, KEEP_CODES = timedelta(days=30), timedelta(days=1)
SWEEP_ROWS = 1_000
"""The rows that one statement of a sweep deletes."""
STAFF_LIFETIME = Lifetime(timedelta(hours=2), timedelta(hours=10))
STUDENT_LIFETIME = Lifetime(timedelta(minutes=45), timedelta(hours=8))


@dataclass(frozen=True)
class Session:
    """A live session.

    Attributes:
        account_id: None while the account of the person is still being made.
        csrf: the value that every form of this session carries.
    """

    token_hash: str
    account_id: int | None
    clever_id: str | None
    organization_id: int | None
    acting: str | None
    login_kind: str
    csrf: str
    language: str | None
    fresh_at: datetime
    seen_at: datetime

    def is_fresh(self, now: datetime) -> bool:
        return now - self.fresh_at <= FRESH


SHOWN = tuple(columns[name].label(f"session_{name}") for name in Session.__dataclass_fields__)
PLACES = (
    sa.func.roster.places_of_account(columns.account_id)
    .table_valued(
        *("organization_id", "name", "district_id", "tier", "state", "time_zone", "shared_devices"),
        *("role", "is_admin", "admin_scope", "school_ids", "first_name", "last_name", "email"),
    )
    .lateral("places")
)
FIND = (
    sa.select(*SHOWN, PLACES)
    .select_from(web_sessions.outerjoin(PLACES, sa.true()))
    .where(
        columns.token_hash == sa.bindparam("token_hash"),
        columns.ended_at.is_(None),
        columns.expires_at > sa.bindparam("now"),
    )
)

LANGUAGE = sa.select(web_preferences.c.language).where(
    web_preferences.c.account_id == sa.bindparam("person", type_=sa.BigInteger)
)
BEGIN = web_sessions.insert().values(language=LANGUAGE.scalar_subquery())
"""Statements that many requests need stand here, because to build one takes longer than to execute it."""


def hash_token(token: str) -> str:
    """Return the hash under which the database knows a token or a code."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin_session(
    pg: Connection,
    *,
    account_id: int | None,
    clever_id: str | None,
    organization_id: int | None,
    login_kind: str,
    is_student: bool,
    now: datetime,
) -> str:
    """Begin a session, and return its token. The token exists nowhere else."""
    token = secrets.token_urlsafe(32)
    pg.execute(
        BEGIN,
        {
            "token_hash": hash_token(token),
            "account_id": account_id,
            "person": account_id,
            "clever_id": clever_id,
            "organization_id": organization_id,
            "login_kind": login_kind,
            "csrf": secrets.token_urlsafe(32),
            "created_at": now,
            "seen_at": now,
            "fresh_at": now,
            "expires_at": now + (STUDENT_LIFETIME if is_student else STAFF_LIFETIME).longest,
        },
    )
    return token


def find_session(pg: Connection, token: str, now: datetime) -> tuple[Session, list[sa.Row[Any]]] | None:
    """Return the live session of a token and the places of its account, which each request reads again.

    The idle limit of students is shorter, and `is_idle` checks it.
    """
    rows = pg.execute(FIND, {"token_hash": hash_token(token), "now": now}).all()
    if not rows or now - rows[0].session_seen_at > STAFF_LIFETIME.idle:
        return None
    return Session(*rows[0][: len(SHOWN)]), [row for row in rows if row.organization_id is not None]


def is_use_due(session: Session, now: datetime) -> bool:
    """Return whether the use of a session has to be recorded. It is not written at each request."""
    return now - session.seen_at > SEEN_STEP


def record_use(pg: Connection, session: Session, now: datetime) -> None:
    """Record that a session is used, so that it lives on. Another request that writes the session is not waited for."""
    own = sa.and_(columns.token_hash == session.token_hash, columns.seen_at < now)
    row = sa.select(columns.token_hash).where(own).with_for_update(skip_locked=True)
    pg.execute(web_sessions.update().where(columns.token_hash.in_(row)).values(seen_at=now))


def is_idle(role: str, session: Session, now: datetime) -> bool:
    """Return whether a person of a role has not used the session for so long that it is over."""
    return now - session.seen_at > _lifetime(role).idle


def seconds_to_warning(role: str, seen_at: datetime, now: datetime) -> int:
    """Return in how many seconds a screen warns of the idle end. It is 0 if the warning is due."""
    return max(0, int((seen_at + _lifetime(role).idle - WARNING - now).total_seconds()))


def _lifetime(role: str) -> Lifetime:
    return STUDENT_LIFETIME if role == "student" else STAFF_LIFETIME


def end_session(pg: Connection, token_hash: str, now: datetime) -> None:
    """End one session. Its token opens nothing any more."""
    live = sa.and_(columns.token_hash == token_hash, columns.ended_at.is_(None))
    pg.execute(web_sessions.update().where(live).values(ended_at=now))


def change_session(pg: Connection, token_hash: str, **values: str | int | datetime) -> None:
    """Change the language of a session, the place in which its person acts, or its end."""
    pg.execute(web_sessions.update().where(columns.token_hash == token_hash).values(values))


def sweep_logins(pg: Connection, now: datetime) -> int:
    """Delete a batch of sessions that ended long ago and of codes that were used long ago. Return how many."""
    codes = web_codes.c
    old = (
        (columns.token_hash, columns.expires_at < now - KEEP_SESSIONS),
        (codes.code_hash, codes.used_at < now - KEEP_CODES),
    )
    deleted = 0
    for key, is_old in old:
        batch = sa.select(key).where(is_old).limit(SWEEP_ROWS)
        deleted += pg.execute(sa.delete(key.table).where(key.in_(batch))).rowcount
    return deleted
