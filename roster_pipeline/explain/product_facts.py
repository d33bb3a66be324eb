"""What the product has of a person or a class, ended rows included: the rows of one organization, and no other's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.explain.rows import behind_walls, read


@dataclass(frozen=True)
class Link:
    account_id: int
    rule: str
    evidence: Mapping[str, Any]
    sync_id: int | None
    decided_by: str
    linked_at: datetime
    unlinked_at: datetime | None


@dataclass(frozen=True)
class Review:
    id: int
    reason: str
    evidence: Mapping[str, Any]
    state: str
    decision: str | None
    decided_by: str | None
    decided_at: datetime | None


@dataclass(frozen=True)
class Account:
    id: int
    role: str
    first_name: str | None
    last_name: str | None
    email: str | None
    clever_email: str | None
    archived_at: datetime | None


@dataclass(frozen=True)
class Membership:
    role: str
    verified_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class SchoolPlace:
    school_id: str
    name: str
    is_primary: bool
    ended_at: datetime | None


@dataclass(frozen=True)
class ClassPlace:
    """Somebody's place in a class; `section_id` is None for a class that a teacher made."""

    roster_id: int
    section_id: str | None
    name: str
    role: str
    is_pending: bool
    hidden_at: datetime | None
    archived_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True)
class PersonKept:
    """Links and reviews, oldest first; account, membership and places are those of the live link."""

    links: tuple[Link, ...]
    reviews: tuple[Review, ...]
    account: Account | None
    membership: Membership | None
    schools: tuple[SchoolPlace, ...]
    classes: tuple[ClassPlace, ...]

    @property
    def link(self) -> Link | None:
        return live(self.links)

    @property
    def open_reviews(self) -> tuple[Review, ...]:
        return tuple(review for review in self.reviews if review.state == "open")

    @property
    def is_known(self) -> bool:
        return bool(self.links or self.reviews or self.classes)


@dataclass(frozen=True)
class Roster:
    id: int
    name: str
    school_id: str | None
    school_name: str | None
    hidden_at: datetime | None
    archived_at: datetime | None


@dataclass(frozen=True)
class RosterMember:
    """`account_id` is None for somebody pending, `clever_id` for somebody whose link has ended."""

    role: str
    clever_id: str | None
    account_id: int | None
    ended_at: datetime | None


@dataclass(frozen=True)
class SectionKept:
    roster: Roster | None
    members: tuple[RosterMember, ...]

    @property
    def is_known(self) -> bool:
        return self.roster is not None


LINKS = """
    select account_id, rule, evidence, sync_id, decided_by, linked_at, unlinked_at from roster.identity_links
    where organization_id = :organization and clever_id = :clever_id order by id
"""
REVIEWS = """
    select id, reason, evidence, state, decision, decided_by, decided_at from roster.reviews
    where organization_id = :organization and clever_id = :clever_id order by id
"""
ACCOUNT = """
    select id, role, first_name, last_name, email, clever_email, archived_at from roster.accounts where id = :account
"""
MEMBERSHIP = """
    select role, verified_at, ended_at from roster.org_memberships
    where organization_id = :organization and account_id = :account
"""
SCHOOLS = """
    select school.clever_id as school_id, school.name, m.is_primary,
        coalesce(m.ended_at, school.archived_at) as ended_at
    from roster.school_memberships as m join roster.schools as school on school.id = m.school_id
    where school.organization_id = :organization and m.account_id = :account
    order by m.is_primary desc, school.name, school.id
"""
CLASSES = """
    with places as (
        select roster_id, 'teacher' as role, ended_at, false as is_pending
        from roster.roster_teachers where account_id = :account
        union all
        select roster_id, 'student', ended_at, false from roster.roster_students where account_id = :account
        union all
        select roster_id, role, null, true from roster.pending_members where clever_id = :clever_id
    )
    select roster.id as roster_id, roster.clever_id as section_id, roster.name, places.role, places.is_pending,
        roster.hidden_at, roster.archived_at, places.ended_at
    from places join roster.rosters as roster on roster.id = places.roster_id
    where roster.organization_id = :organization
    order by roster.name, roster.id, places.role
"""
ROSTER = """
    select roster.id, roster.name, school.clever_id as school_id, school.name as school_name, roster.hidden_at,
        roster.archived_at
    from roster.rosters as roster left join roster.schools as school on school.id = roster.school_id
    where roster.organization_id = :organization and roster.clever_id = :clever_id
"""
MEMBERS = """
    with members as (
        select 'teacher' as role, account_id, ended_at from roster.roster_teachers where roster_id = :roster
        union all
        select 'student', account_id, ended_at from roster.roster_students where roster_id = :roster
    )
    select members.role, link.clever_id, members.account_id, members.ended_at
    from members left join roster.identity_links as link on link.account_id = members.account_id
        and link.organization_id = :organization and link.unlinked_at is null
    union all
    select role, clever_id, null, null from roster.pending_members where roster_id = :roster
    order by role desc, clever_id, account_id
"""


KNOWN = {
    "person": """
        select organization_id from roster.identity_links where clever_id = :clever_id
        union select organization_id from roster.reviews where clever_id = :clever_id
        union select roster.organization_id from roster.pending_members as pending
            join roster.rosters as roster on roster.id = pending.roster_id where pending.clever_id = :clever_id
    """,
    "section": "select organization_id from roster.rosters where clever_id = :clever_id",
}


def organizations_of(pg: Connection, kind: str, clever_id: str) -> frozenset[int]:
    """The organizations that know a person or a section by this id."""
    return frozenset(pg.execute(sa.text(KNOWN[kind]), {"clever_id": clever_id}).scalars())


def live(links: tuple[Link, ...]) -> Link | None:
    return next((link for link in links if link.unlinked_at is None), None)


def person_kept(pg: Connection, organization_id: int, clever_id: str) -> PersonKept:
    """What the product has under a Clever id; nothing at all of one that it never met."""
    asked = {"organization": organization_id, "clever_id": clever_id}
    links, reviews = read(pg, Link, LINKS, **asked), read(pg, Review, REVIEWS, **asked)
    link = live(links)
    own = asked | {"account": link.account_id if link else None}
    return PersonKept(
        tuple(replace(one, evidence=behind_walls(pg, organization_id, one.evidence)) for one in links),
        tuple(replace(one, evidence=behind_walls(pg, organization_id, one.evidence)) for one in reviews),
        next(iter(read(pg, Account, ACCOUNT, **own)), None),
        next(iter(read(pg, Membership, MEMBERSHIP, **own)), None),
        read(pg, SchoolPlace, SCHOOLS, **own),
        read(pg, ClassPlace, CLASSES, **own),
    )


def section_kept(pg: Connection, organization_id: int, clever_id: str) -> SectionKept:
    """The roster of a Clever section, with everybody who is or was in it."""
    for roster in read(pg, Roster, ROSTER, organization=organization_id, clever_id=clever_id):
        return SectionKept(roster, read(pg, RosterMember, MEMBERS, organization=organization_id, roster=roster.id))
    return SectionKept(None, ())
