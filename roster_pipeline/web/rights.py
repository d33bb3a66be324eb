"""Who a visitor is, what the visitor sees, and which acts the visitor may do. The tables here are the only rules.

The rights are read from the product again at each request, so a removed admin loses access at the next click.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.web.visibility import Visibility


class Role(StrEnum):
    """What a person is in one organization, the widest role first."""

    DISTRICT_ADMIN = "district_admin"
    SCHOOL_ADMIN = "school_admin"
    TEACHER = "teacher"
    LIBRARY_TEACHER = "library_teacher"
    LOGIN_ONLY = "login_only"
    STUDENT = "student"
    NOBODY = "nobody"
    """A person who is logged in and has no account yet, or no place here."""


ADMINS = frozenset({Role.DISTRICT_ADMIN, Role.SCHOOL_ADMIN})
TEACHERS = frozenset({Role.TEACHER, Role.LIBRARY_TEACHER})
STAFF = ADMINS | TEACHERS
DISTRICT_ADMIN = frozenset({Role.DISTRICT_ADMIN})
LIBRARY_TEACHER = frozenset({Role.LIBRARY_TEACHER})
DECIDERS = DISTRICT_ADMIN | LIBRARY_TEACHER
"""Who decides about plans on hold and takes updates back. A Library teacher decides about the own updates alone."""
STUDENTS = frozenset({Role.STUDENT})
LOGIN_ONLY = frozenset({Role.LOGIN_ONLY})
EVERYBODY = frozenset(Role)

ACTS: dict[str, frozenset[Role]] = {
    "update_district": DISTRICT_ADMIN,
    "update_school": ADMINS,
    "update_class": ADMINS | {Role.TEACHER},
    "update_library": LIBRARY_TEACHER,
    "choose_classes": LIBRARY_TEACHER,
    "hide_class": STAFF,
    "verify_teacher": ADMINS,
    "decide_hold": DECIDERS,
    "resolve_review": DISTRICT_ADMIN,
    "undo_sync": DECIDERS,
    "manage_admins": DISTRICT_ADMIN,
    "edit_native_class": TEACHERS,
    "ask_why": STAFF,
    "export_list": STAFF,
}
"""Which role may do which act. An act that is not in this table does not exist."""
SEES = {
    Role.DISTRICT_ADMIN: "organization",
    Role.SCHOOL_ADMIN: "schools",
    Role.TEACHER: "classes",
    Role.LIBRARY_TEACHER: "classes",
    Role.STUDENT: "self",
    Role.LOGIN_ONLY: "self",
}
READ_PLACES = sa.text("select * from roster.places_of_account(:account)")
LANDING = {
    Role.DISTRICT_ADMIN: "/clever",
    Role.SCHOOL_ADMIN: "/clever",
    Role.TEACHER: "/clever/classes",
    Role.LIBRARY_TEACHER: "/clever/classes",
    Role.STUDENT: "/home",
    Role.LOGIN_ONLY: "/welcome",
}
"""Where a role begins. A person without a place begins at the screen that waits for the account."""


@dataclass(frozen=True)
class Place:
    """One role of a person in one organization.

    Attributes:
        schools: the ids of the live schools of a school admin.
    """

    organization_id: int
    organization_name: str
    district_id: str
    tier: str
    state: str
    time_zone: str
    shared_devices: bool
    role: Role
    schools: tuple[int, ...] = ()

    @property
    def key(self) -> str:
        """Return what names this place in a form."""
        return f"{self.organization_id}:{self.role}"


@dataclass(frozen=True)
class Viewer:
    """The person of a session, and the place in which the person acts.

    Attributes:
        places: every place of the person, the widest role first.
    """

    account_id: int | None
    first_name: str | None
    last_name: str | None
    email: str | None
    place: Place | None
    places: tuple[Place, ...]

    @property
    def role(self) -> Role:
        return self.place.role if self.place else Role.NOBODY

    @property
    def full_name(self) -> str:
        """Return the name of the person. An admin whom an operator made may have only an email."""
        return " ".join(name for name in (self.first_name, self.last_name) if name) or self.email or ""

    @property
    def landing(self) -> str:
        return LANDING.get(self.role, "/login/waiting")

    @cached_property
    def visibility(self) -> Visibility:
        """Return what the database shows to this person."""
        if self.place is None or self.role not in SEES:
            return Visibility(account_id=self.account_id)
        return Visibility(self.place.organization_id, SEES[self.role], self.place.schools, self.account_id)

    def may(self, act: str) -> bool:
        """Return whether the role of the person may do an act.

        Raises:
            KeyError: there is no such act.
        """
        return self.role in ACTS[act]


def read_viewer(pg: Connection, account_id: int | None, acting: str | None, login_kind: str) -> Viewer:
    """Read the person of a session with all places, and choose the place in which the person acts.

    Args:
        acting: the key of the place that the person chose, if any. It is ignored if the place is gone.
    """
    rows = _read_memberships(pg, account_id) if account_id is not None else []
    return choose_place(account_id, rows, acting, login_kind)


def choose_place(account_id: int | None, rows: Sequence[sa.Row[Any]], acting: str | None, login_kind: str) -> Viewer:
    """Return the person of a session in the place in which the person acts.

    Args:
        rows: what `roster.places_of_account` returns.
        acting: the key of the place that the person chose, if any. It is ignored if the place is gone.
    """
    places = _list_places(rows, login_kind)
    place = next((each for each in places if each.key == acting), places[0] if places else None)
    first_name, last_name, email = (rows[0].first_name, rows[0].last_name, rows[0].email) if rows else (None,) * 3
    return Viewer(account_id, first_name, last_name, email, place, tuple(places))


def has_membership(pg: Connection, account_id: int) -> bool:
    """Return whether an account is a member of an organization, even if it has no place there."""
    return bool(_read_memberships(pg, account_id))


def _read_memberships(pg: Connection, account_id: int) -> Sequence[sa.Row[Any]]:
    return pg.execute(READ_PLACES, {"account": account_id}).all()


def _list_places(rows: Iterable[sa.Row[Any]], login_kind: str) -> list[Place]:
    order = list(Role)
    return sorted(
        (place for row in rows for place in _places_of_row(row, login_kind)),
        key=lambda place: (order.index(place.role), place.organization_id),
    )


def _places_of_row(row: sa.Row[Any], login_kind: str) -> list[Place]:
    """Return the places of one membership. A teacher who is also an admin has two, and a removed admin has none."""
    about = (row.organization_id, row.name, row.district_id, row.tier, row.state, row.time_zone, row.shared_devices)
    places = []
    # On shared devices the Clever session of another person may be open, so it makes no teacher an admin.
    is_trusted = not (row.shared_devices and login_kind == "clever" and row.role != "admin")
    if row.is_admin and row.role != "student" and is_trusted:
        is_whole = row.admin_scope == "organization"
        role = Role.DISTRICT_ADMIN if is_whole else Role.SCHOOL_ADMIN
        places.append(Place(*about, role, () if is_whole else tuple(row.school_ids)))
    if row.role == "teacher":
        roles = {"secure_sync": Role.TEACHER, "library": Role.LIBRARY_TEACHER, "sso_only": Role.LOGIN_ONLY}
        places.append(Place(*about, roles[row.tier]))
    if row.role == "student":
        places.append(Place(*about, Role.STUDENT))
    return places
