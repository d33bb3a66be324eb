"""The entities of a roster in dependency order. The diff, plans and publishing follow this list.

Each entity has three DuckDB tables with its name. `marts.X` is the desired state, `current.X` is the state of the
product, and `changes.X` is the diff. The product has a table of the same kind. Keys of rows that can be new are Clever
ids, so that a plan can name a row before the product gives it an id.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Removal = Literal["end", "delete", "never"]
INSERT, UPDATE, RESTORE, END = "insert", "update", "restore", "end"
OPS = (INSERT, UPDATE, RESTORE, END)


@dataclass(frozen=True)
class Entity:
    """One type of row.

    Attributes:
        key: the columns that identify a row in `marts` and in `current`.
        content: the columns whose change is an update.
        carried: the other columns that a new row needs.
        removal: what happens to a row that is absent from the desired state. Ended rows stay with the date.
    """

    name: str
    key: tuple[str, ...]
    content: tuple[str, ...] = ()
    carried: tuple[str, ...] = ()
    removal: Removal = "end"

    @property
    def columns(self) -> tuple[str, ...]:
        """Return all columns of the entity."""
        return self.key + self.carried + self.content


SCHOOLS = Entity("schools", ("school_id",), ("name", "sis_id", "nces_id", "low_grade", "high_grade"))
TERMS = Entity("terms", ("term_id",), ("name", "start_date", "end_date"))
COURSES = Entity("courses", ("course_id",), ("number", "name"))
ACCOUNTS = Entity(
    "accounts",
    ("account_id",),
    ("role", "first_name", "last_name", "email", "clever_email", "imported_from_clever", "grade"),
    ("clever_id",),
    "never",
)
IDENTITY_LINKS = Entity("identity_links", ("clever_id",), (), ("account_id", "rule", "evidence"), "never")
ORG_MEMBERSHIPS = Entity("org_memberships", ("account_id",), ("role",), ("clever_id",))
SCHOOL_MEMBERSHIPS = Entity("school_memberships", ("school_id", "account_id"), ("role", "is_primary"), ("clever_id",))
ROSTERS = Entity(
    "rosters",
    ("section_id",),
    ("school_id", "name", "subject", "grade", "period", "term_name", "term_id", "course_id"),
)
ROSTER_TEACHERS = Entity("roster_teachers", ("section_id", "account_id"), ("is_primary",), ("clever_id",))
ROSTER_STUDENTS = Entity("roster_students", ("section_id", "account_id"), (), ("clever_id",))
PENDING_MEMBERS = Entity("pending_members", ("section_id", "clever_id", "role"), removal="delete")
REVIEWS = Entity("reviews", ("clever_id", "reason", "account_id"), (), ("evidence", "clever_says"))

FORMER_NAMES = {"parked_members": "pending_members"}
"""The names that entities had before. Rows of the journal and stored counts that are older keep them."""

ENTITIES: tuple[Entity, ...] = (
    SCHOOLS,
    TERMS,
    COURSES,
    ACCOUNTS,
    IDENTITY_LINKS,
    ORG_MEMBERSHIPS,
    SCHOOL_MEMBERSHIPS,
    ROSTERS,
    ROSTER_TEACHERS,
    ROSTER_STUDENTS,
    PENDING_MEMBERS,
    REVIEWS,
)


def recorded_names(entity: str) -> list[str]:
    """Return the names that the journal and stored counts have for an entity, its former ones included."""
    return [entity, *(former for former, name in FORMER_NAMES.items() if name == entity)]
