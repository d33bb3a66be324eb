"""The plan of a sync: a frozen value that is shown, approved, rejected, applied or found stale as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

Counts = Mapping[str, Mapping[str, int]]
"""The number of rows by entity and operation (`insert`, `update`, `restore`, `end`)."""
FEED_INCOMPLETE = "feed_incomplete"
"""The reason of a hold that cannot be approved, because a list did not pass the completeness check."""
PREVIEW_SYNC_ID = 0
"""The sync id of a plan that is only shown."""


@dataclass(frozen=True)
class HeldPart:
    """A part of a plan that waits for approval, with the threshold that it crossed.

    Attributes:
        part: the type of rows, such as `students`, `enrollments` or `names_and_emails`.
        reason: the name of the threshold in docs/rules.md R5.5 to R5.9.
        removals: the rows that would end. For names and emails, the rows that would change.
        of: the live rows.
        limit: the share of the live rows that may end without approval.
        units: the Clever ids of the classes or schools. Empty for the whole district.
    """

    part: str
    reason: str
    removals: int
    of: int
    limit: float
    units: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """The changes of one sync of one district. The rows are in `changes.*` of the district file.

    Attributes:
        digest: the digest of the changes to publish and of the rows that they replace. It does not depend on the order
            of the rows. It differs between two plans, and between a plan and its stale version.
        held_digest: the digest of the held changes.
        counts: the changes to publish.
        held_counts: the held changes.
        held: the parts on hold, with their reasons. Empty if nothing is on hold.
        removed: the removals that need no approval, by part. The threshold over seven days counts them.
        approved: the digest of the changes that would be on hold if a person had not approved them.
        parts: the held changes as people count them, by kind. The counts sum to the total.
        sentence: the largest part in words.
        sync_uid: the uid of the sync. None if it is unknown.
        account_id: the Library teacher whose classes the plan is about. None for a district.
        only_adds: the feed of a Library teacher was not proven complete, so the plan removes nothing.
    """

    sync_id: int
    organization_id: int
    district_id: str
    digest: str
    held_digest: str
    counts: Counts
    held_counts: Counts
    held: tuple[HeldPart, ...]
    removed: Mapping[str, int] = field(default_factory=dict)
    approved: str | None = None
    parts: Mapping[str, int] = field(default_factory=dict)
    sentence: str | None = None
    sync_uid: str | None = None
    account_id: int | None = None
    only_adds: bool = False

    @property
    def total(self) -> int:
        """Return the number of rows to write."""
        return sum(sum(ops.values()) for ops in self.counts.values())

    def as_json(self) -> dict[str, Any]:
        """Return the plan as a JSON object."""
        return asdict(self)

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> Plan:
        """Return the plan that `as_json` wrote."""
        held = tuple(HeldPart(**{**part, "units": tuple(part["units"])}) for part in value["held"])
        return cls(**{**value, "held": held})
