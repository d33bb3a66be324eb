"""How much may leave without a person: the limits of the brakes, each organization's own."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Shares of the live rows of one kind; more than this is held. Defaults: docs/rules.md R5.5 to R5.9.

    Attributes:
        class_removals, school_removals: of one class, or of one school.
        class_at_least, school_at_least: removals below which that brake never trips.
        district_removals: of the district, in one sync.
        window_removals: of the district, with what was removed in the last seven days.
        district_updates: of its people, whose name or email would change.
    """

    class_removals: float = 0.60
    class_at_least: int = 5
    school_removals: float = 0.30
    school_at_least: int = 10
    district_removals: float = 0.10
    window_removals: float = 0.20
    district_updates: float = 0.75


@dataclass(frozen=True)
class Standing:
    """What people and the last days say about the next plan of an organization.

    Attributes:
        lately: rows removed in the last seven days, by part; what a person approved is not counted.
        approved: digests of held changes that a person approved and no sync has applied yet.
        rejected: digests of held changes that a person does not want to be asked about again.
    """

    limits: Limits = Limits()
    lately: tuple[tuple[str, int], ...] = ()
    approved: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
