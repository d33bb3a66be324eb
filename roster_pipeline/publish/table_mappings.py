"""Where each entity's rows go in the product, and how Clever ids become its own ids. Tables only, no statements."""

from __future__ import annotations

from dataclasses import dataclass, field

PERSON = "left join roster.identity_links as person on person.clever_id = c.clever_id and person.unlinked_at is null"
SCHOOL = "left join roster.schools as school on school.clever_id = c.school_id"
ROSTER = "join roster.rosters as roster on roster.clever_id = c.section_id"
ACCOUNT = {"account_id": "coalesce(c.account_id, person.account_id)"}
ORGANIZATION = {"organization_id": "cast(:organization_id as bigint)"}
CLEVERS = {"source": "'clever'"}
"""Of a membership that a sync makes or restores, whosever it was: so it ends when the person leaves."""
AT = "cast(:at as timestamptz)"
TEMPORARY_TYPES = {"account_id": "bigint", "is_primary": "boolean", "imported_from_clever": "boolean"}


@dataclass(frozen=True)
class Target:
    """One table of the product.

    Attributes:
        key: the columns that identify a row there.
        content: the columns that a later sync may change, with the SQL expression of the value; `c` is the change.
        once: the columns that only a new row is given, likewise.
        joins: what turns Clever ids into the product's.
        ended: the column that dates an end. Rows of a table without one are deleted.
        closing: content that becomes something else with the end of a row, as SQL.
        released: assignments that free what is unique in a row before it is changed: others may take it.
        unique: a column of the content that a foreign key could refer to. PostgreSQL locks a row more strongly where
            it is assigned, and then the application can add no row that refers to this one: it is assigned only where
            it changes.
    """

    name: str
    key: tuple[str, ...]
    content: dict[str, str] = field(default_factory=dict)
    once: dict[str, str] = field(default_factory=dict)
    joins: str = ""
    ended: str | None = None
    closing: dict[str, str] = field(default_factory=dict)
    released: str | None = None
    unique: str | None = None

    @property
    def expressions(self) -> dict[str, str]:
        """Every column that is written, with the SQL expression of its value in a change `c`."""
        values = self.once | self.content | ({self.ended: "null::timestamptz"} if self.ended else {})
        return self.written(values, "c.op")

    def written(self, values: dict[str, str], op: str) -> dict[str, str]:
        """`values`, but for rows that end: what closes them, and the date (`:at`, `:sync_id`)."""
        ending = self.closing | ({self.ended: AT} if self.ended else {})
        return {
            column: f"case {op} when 'end' then {ending[column]} else {value} end" if column in ending else value
            for column, value in values.items()
        }

    @property
    def inserted(self) -> tuple[str, ...]:
        """The columns of a new row."""
        return (*self.once, *self.content)

    @property
    def changed(self) -> tuple[str, ...]:
        """The columns of an existing row that the writer owns; all others are the product's."""
        return (*self.content, self.ended) if self.ended else tuple(self.content)


def _same(*columns: str) -> dict[str, str]:
    return {column: f"c.{column}" for column in columns}


_TARGETS = (
    Target(
        "schools",
        key=("clever_id",),
        content=_same("name", "sis_id", "nces_id", "low_grade", "high_grade"),
        once={"clever_id": "c.school_id", **ORGANIZATION},
        ended="archived_at",
    ),
    Target(
        "accounts",
        key=("id",),
        content=_same("role", "first_name", "last_name", "email", "clever_email", "imported_from_clever"),
        once={"id": "c.account_id"},
        ended="archived_at",
        closing={"email": "null"},
        released="email = null",
        unique="email",
    ),
    Target(
        "identity_links",
        key=("id",),
        joins="left join changed_accounts as fresh on fresh.clever_id = c.clever_id and fresh.op = 'insert'",
        once={
            "id": "nextval(pg_get_serial_sequence('roster.identity_links', 'id'))",
            **ORGANIZATION,
            "clever_id": "c.clever_id",
            "account_id": "coalesce(c.account_id, fresh.account_id)",
            "rule": "c.rule",
            "evidence": "c.evidence::jsonb",
            "sync_id": "cast(:sync_id as bigint)",
            "decided_by": "'sync'",
            "linked_at": AT,
        },
        content={"unlinked_sync_id": "null::bigint"},
        ended="unlinked_at",
        closing={"unlinked_sync_id": "cast(:sync_id as bigint)"},
        released="unlinked_at = coalesce(product.unlinked_at, now())",
    ),
    Target(
        "org_memberships",
        key=("organization_id", "account_id"),
        content=_same("role") | CLEVERS,
        joins=PERSON,
        once={**ORGANIZATION, **ACCOUNT, "verified_at": "null::timestamptz"},
        ended="ended_at",
    ),
    Target(
        "school_memberships",
        key=("school_id", "account_id"),
        content=_same("role", "is_primary") | CLEVERS,
        joins=f"{PERSON} {SCHOOL}",
        once={"school_id": "school.id", **ACCOUNT},
        ended="ended_at",
    ),
    Target(
        "rosters",
        key=("clever_id",),
        content={"school_id": "school.id", **_same("name", "subject", "grade", "period", "term_name")},
        joins=SCHOOL,
        once={"clever_id": "c.section_id", **ORGANIZATION, "source": "'clever'"},
        ended="archived_at",
    ),
    Target(
        "roster_teachers",
        key=("roster_id", "account_id"),
        content=_same("is_primary"),
        joins=f"{ROSTER} {PERSON}",
        once={"roster_id": "roster.id", **ACCOUNT},
        ended="ended_at",
    ),
    Target(
        "roster_students",
        key=("roster_id", "account_id"),
        joins=f"{ROSTER} {PERSON}",
        once={"roster_id": "roster.id", **ACCOUNT},
        ended="ended_at",
    ),
    Target(
        "pending_members",
        key=("roster_id", "clever_id", "role"),
        joins=ROSTER,
        once={"roster_id": "roster.id", "clever_id": "c.clever_id", "role": "c.role"},
    ),
    Target(
        "reviews",
        key=("id",),
        joins="left join roster.reviews as known on c.op <> 'insert' and known.state = 'open' and "
        "known.organization_id = :organization_id and known.clever_id = c.clever_id and known.reason = c.reason",
        content={"state": "'open'", "decision": "null::text", "decided_by": "null::text"},
        # It ends by itself once its contradiction is gone.
        closing={"state": "'resolved'", "decision": "'settled'", "decided_by": "'sync'"},
        released="state = 'resolved'",
        once={
            "id": "coalesce(known.id, nextval(pg_get_serial_sequence('roster.reviews', 'id')))",
            **ORGANIZATION,
            "clever_id": "c.clever_id",
            "reason": "c.reason",
            "account_id": "c.account_id",
            "evidence": "c.evidence::jsonb",
            "clever_says": "c.clever_says::jsonb",
        },
        ended="decided_at",
    ),
)
TARGETS = {target.name: target for target in _TARGETS}
