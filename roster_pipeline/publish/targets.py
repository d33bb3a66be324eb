"""Where each entity's rows go in the product, and how Clever ids become its own ids. Tables only, no statements."""

from __future__ import annotations

from dataclasses import dataclass, field

PERSON = "left join roster.identity_links as person on person.clever_id = c.clever_id and person.unlinked_at is null"
SCHOOL = "left join roster.schools as school on school.clever_id = c.school_id"
ROSTER = "join roster.rosters as roster on roster.clever_id = c.section_id"
ACCOUNT = {"account_id": "coalesce(c.account_id, person.account_id)"}
ORGANIZATION = {"organization_id": "cast(:organization_id as bigint)"}
TEMPORARY_TYPES = {"account_id": "bigint", "is_primary": "boolean", "imported_from_clever": "boolean"}


@dataclass(frozen=True)
class Target:
    """One table of the product.

    Attributes:
        key: the columns that identify a row there. A row with an identity key that is not listed in `values` gets one.
        content: the columns that a later sync may change.
        joins: what turns Clever ids into the product's; `c` is the change.
        values: product column to SQL expression, for keys and for what a new row gets once.
        ended: the column that dates an end. Rows of a table without one are deleted, or never changed again.
    """

    key: tuple[str, ...]
    content: tuple[str, ...] = ()
    joins: str = ""
    values: dict[str, str] = field(default_factory=dict)
    ended: str | None = None

    @property
    def expressions(self) -> dict[str, str]:
        """Every column that a new row is given, with the SQL expression of its value."""
        return {column: f"c.{column}" for column in self.content} | self.values


TARGETS: dict[str, Target] = {
    "schools": Target(
        key=("clever_id",),
        content=("name", "sis_id", "nces_id", "low_grade", "high_grade"),
        values={"clever_id": "c.school_id", **ORGANIZATION},
        ended="archived_at",
    ),
    "accounts": Target(
        key=("id",),
        content=("role", "first_name", "last_name", "email", "clever_email", "imported_from_clever"),
        values={"id": "c.account_id"},
        ended="archived_at",
    ),
    "identity_links": Target(
        key=("id",),
        joins="left join changed_accounts as fresh on fresh.clever_id = c.clever_id and fresh.op = 'insert'",
        values={
            **ORGANIZATION,
            "clever_id": "c.clever_id",
            "account_id": "coalesce(c.account_id, fresh.account_id)",
            "rule": "c.rule",
            "evidence": "c.evidence::jsonb",
            "sync_id": "cast(:sync_id as bigint)",
            "linked_at": "cast(:at as timestamptz)",
        },
    ),
    "org_memberships": Target(
        key=("organization_id", "account_id"),
        content=("role",),
        joins=PERSON,
        values={**ORGANIZATION, **ACCOUNT, "source": "'clever'"},
        ended="ended_at",
    ),
    "school_memberships": Target(
        key=("school_id", "account_id"),
        content=("role", "is_primary"),
        joins=f"{PERSON} {SCHOOL}",
        values={"school_id": "school.id", **ACCOUNT, "source": "'clever'"},
        ended="ended_at",
    ),
    "rosters": Target(
        key=("clever_id",),
        content=("school_id", "name", "subject", "grade", "period", "term_name"),
        joins=SCHOOL,
        values={"clever_id": "c.section_id", "school_id": "school.id", **ORGANIZATION, "source": "'clever'"},
        ended="archived_at",
    ),
    "roster_teachers": Target(
        key=("roster_id", "account_id"),
        content=("is_primary",),
        joins=f"{ROSTER} {PERSON}",
        values={"roster_id": "roster.id", **ACCOUNT},
        ended="ended_at",
    ),
    "roster_students": Target(
        key=("roster_id", "account_id"),
        joins=f"{ROSTER} {PERSON}",
        values={"roster_id": "roster.id", **ACCOUNT},
        ended="ended_at",
    ),
    "parked_members": Target(
        key=("roster_id", "clever_id", "role"),
        joins=ROSTER,
        values={"roster_id": "roster.id", "clever_id": "c.clever_id", "role": "c.role"},
    ),
    "reviews": Target(
        key=("id",),
        values={
            **ORGANIZATION,
            "clever_id": "c.clever_id",
            "reason": "c.reason",
            "evidence": "c.evidence::jsonb",
        },
    ),
}
