"""What a sync means to do: a frozen value that is shown, approved, refused, applied or found stale as one thing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Counts = Mapping[str, Mapping[str, int]]
"""Rows by entity, then by op (`insert`, `update`, `restore`, `end`)."""
FEED_INCOMPLETE = "feed_incomplete"
"""The one reason that no person can lift: what is absent has not been proven gone."""
PREVIEW = 0
"""Stands for the sync of a plan that is only looked at."""


@dataclass(frozen=True)
class Held:
    """A part of a plan that waits for a person.

    Attributes:
        part: what the brake watches, such as `students`, `enrollments` or `names_and_emails`.
        reason: the name of the threshold in docs/rules.md R5.5 to R5.9.
        removals: rows of that part which would end; of names and emails, which would change.
        of: rows of that part which live now.
        limit: the share of them that may end without a person.
        units: the classes or schools that it is about, by Clever id; none: the whole district.
    """

    part: str
    reason: str
    removals: int
    of: int
    limit: float
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The changes of one sync of one district; the rows themselves are in `changes.*` of its DuckDB file.

    Attributes:
        digest: of every change that is to be published, with what it replaces; it tells two plans apart, and a stale
            plan from a fresh one, whatever the order of the rows.
        held_digest: of the changes that wait.
        counts: what is to be published.
        held_counts: what waits.
        held: why it waits; empty where nothing does.
        removed: rows that it removes without a person, by part; the brake over seven days remembers them.
        approved: the digest of what would have waited, had a person not approved it.
        parts: what waits, counted as people see it, by kind; the counts sum to the total.
        sentence: the largest of it in words: what is missing from Clever, of how many, of which school or class.
        sync_uid: the uid of the sync that the plan is of; None: it is not known.
    """

    sync_id: int
    organization_id: int
    district_id: str
    digest: str
    held_digest: str
    counts: Counts
    held_counts: Counts
    held: tuple[Held, ...]
    removed: Mapping[str, int] = field(default_factory=dict)
    approved: str | None = None
    parts: Mapping[str, int] = field(default_factory=dict)
    sentence: str | None = None
    sync_uid: str | None = None

    @property
    def total(self) -> int:
        """Rows to be written."""
        return sum(sum(ops.values()) for ops in self.counts.values())

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Plan:
        held = tuple(Held(**{**part, "units": tuple(part["units"])}) for part in value["held"])
        return cls(**{**value, "held": held})
