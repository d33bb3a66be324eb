"""The subject of an erasure: the ids under which the stores hold the data that is to be erased."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass, fields
from hashlib import sha256
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy import Connection

from roster_pipeline.product.tables import (
    accounts,
    identity_links,
    org_memberships,
    organizations,
    pending_members,
    reviews,
    roster_teachers,
    rosters,
)

Kind = Literal["person", "district", "expired"]
LIBRARY = "library"
MAX_ACCOUNT_DIGITS = 18
RandomBytes = Callable[[int], bytes]
"""Returns as many random bytes as it is called with."""


@dataclass(frozen=True)
class Subject:
    """What an erasure removes.

    Attributes:
        accounts: the accounts that are deleted with all their rows.
        kept_accounts: the accounts that have another use. They lose what came from Clever and stay.
        clever_ids: the Clever ids of the people.
        emails: the emails of the deleted accounts. Free texts are searched for them.
        rosters: the native rosters, and those of Clever Library, that only deleted accounts teach. They are deleted.
        organizations: the organizations that are deleted with all their rows.
        districts: the Clever ids of the districts whose files may hold the data.
        person_ids: the person ids of the deleted accounts in the analysts' database, with those of earlier keys.
    """

    kind: Kind
    accounts: tuple[int, ...] = ()
    kept_accounts: tuple[int, ...] = ()
    clever_ids: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    rosters: tuple[int, ...] = ()
    organizations: tuple[int, ...] = ()
    districts: tuple[str, ...] = ()
    person_ids: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The texts that identify the subject wherever they stand: Clever ids and emails."""
        district = self.districts if self.kind == "district" else ()
        return (*self.clever_ids, *self.emails, *district)

    @property
    def has_accounts(self) -> bool:
        """Whether the subject has an account, which stays or goes."""
        return bool(self.accounts or self.kept_accounts)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, work: Mapping[str, Any]) -> Subject:
        """Return the subject that `to_json` wrote."""
        names = [field.name for field in fields(cls) if field.name != "kind"]
        return cls(work["kind"], **{name: tuple(work.get(name, ())) for name in names})


@dataclass(frozen=True)
class SubjectDigest:
    """A digest of an id, by which the holder of the id finds the receipt. The receipt holds no id itself.

    Attributes:
        salt: a random value that only the database holds, or None. Without it, the number of an account could be found
            by trying all numbers.
    """

    value: str
    salt: str | None = None


def digest_subject(kind: Kind, identifier: str, salt: str | None = None) -> SubjectDigest:
    """Return the digest of an id."""
    return SubjectDigest(sha256(f"{kind}:{identifier}{salt or ''}".encode()).hexdigest(), salt)


def make_salt(kind: Kind, identifier: str, random_bytes: RandomBytes) -> str | None:
    """Return a random value for a digest that could be found by trying, which is one of numbers of accounts."""
    return None if kind == "district" or (kind == "person" and not is_account(identifier)) else random_bytes(16).hex()


def is_account(person: str) -> bool:
    """Return whether an id is the number of an account. A Clever id has 24 characters."""
    return person.isascii() and person.isdigit() and len(person) <= MAX_ACCOUNT_DIGITS


def build_subject(
    pg: Connection,
    kind: Kind,
    deleted: Collection[int],
    *,
    kept: Collection[int] = (),
    clever_ids: Collection[str] = (),
) -> Subject:
    """Return the subject of some accounts.

    A Clever id that another account has now belongs to another person, and is not among the Clever ids of the subject.
    Neither is one whose link has ended while a class or an open review waits for its person.

    Args:
        deleted: the accounts that are to be deleted.
        kept: the accounts that have another use.
        clever_ids: Clever ids that belong to the subject in any case.
    """
    own, live = identity_links, identity_links.alias("live")
    is_of_others = sa.exists().where(
        live.c.clever_id == own.c.clever_id, live.c.unlinked_at.is_(None), live.c.account_id.not_in(deleted)
    )
    is_awaited = sa.or_(
        sa.exists().where(pending_members.c.clever_id == own.c.clever_id),
        sa.exists().where(reviews.c.clever_id == own.c.clever_id, reviews.c.state == "open"),
    )
    is_own = sa.or_(own.c.unlinked_at.is_(None), ~is_awaited)
    linked = sa.select(own.c.clever_id).where(own.c.account_id.in_(deleted), ~is_of_others, is_own)
    people = sorted({*clever_ids, *pg.execute(linked).scalars()})
    emails = sa.select(accounts.c.email, accounts.c.clever_email).where(accounts.c.id.in_(deleted))
    return Subject(
        kind,
        tuple(sorted(deleted)),
        tuple(sorted(kept)),
        tuple(people),
        tuple(sorted({email for row in pg.execute(emails) for email in row if email})),
        _find_own_rosters(pg, deleted),
        districts=_find_districts(pg, [*deleted, *kept], people),
    )


def _find_own_rosters(pg: Connection, deleted: Collection[int]) -> tuple[int, ...]:
    """Return the native rosters, and those of Clever Library, that only these accounts teach or taught."""
    own, other = roster_teachers, roster_teachers.alias("other")
    has_other = sa.exists().where(other.c.roster_id == own.c.roster_id, other.c.account_id.not_in(deleted))
    is_of_teacher = sa.or_(rosters.c.source == "native", organizations.c.tier == LIBRARY)
    query = (
        sa.select(own.c.roster_id)
        .join(rosters, rosters.c.id == own.c.roster_id)
        .join(organizations, organizations.c.id == rosters.c.organization_id)
        .where(own.c.account_id.in_(deleted), is_of_teacher, ~has_other)
    )
    return tuple(sorted(set(pg.execute(query).scalars())))


def _find_districts(pg: Connection, account_ids: Collection[int], clever_ids: Collection[str]) -> tuple[str, ...]:
    """Return the districts in which the accounts and the people are or were. Clever Library has no district file."""
    places = sa.union(
        sa.select(identity_links.c.organization_id).where(
            sa.or_(identity_links.c.account_id.in_(account_ids), identity_links.c.clever_id.in_(clever_ids))
        ),
        sa.select(org_memberships.c.organization_id).where(org_memberships.c.account_id.in_(account_ids)),
        sa.select(reviews.c.organization_id).where(
            sa.or_(reviews.c.account_id.in_(account_ids), reviews.c.clever_id.in_(clever_ids))
        ),
        sa.select(rosters.c.organization_id)
        .join(pending_members, pending_members.c.roster_id == rosters.c.id)
        .where(pending_members.c.clever_id.in_(clever_ids)),
    )
    query = sa.select(organizations.c.clever_district_id).where(
        organizations.c.id.in_(places), organizations.c.tier != LIBRARY
    )
    return tuple(sorted(pg.execute(query).scalars()))
