"""The thresholds of an organization, and the history that the next plan is compared with."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """The thresholds of an organization. The defaults are those of docs/rules.md R5.5 to R5.9.

    A threshold is a share of the live rows of one type. It is crossed when the share of removals is larger.

    Attributes:
        class_removals: the threshold of one class.
        class_at_least: the fewest removals that cross the threshold of one class.
        school_removals: the threshold of one school.
        school_at_least: the fewest removals that cross the threshold of one school.
        district_removals: the threshold of the district in one sync.
        window_removals: the threshold of the district within seven days.
        district_updates: the threshold of people whose name or email would change.
    """

    class_removals: float = 0.60
    class_at_least: int = 5
    school_removals: float = 0.30
    school_at_least: int = 10
    district_removals: float = 0.10
    window_removals: float = 0.20
    district_updates: float = 0.75


@dataclass(frozen=True)
class ThresholdContext:
    """The thresholds, recent removals and decisions that the next plan of an organization is compared with.

    Attributes:
        recent_removals: the rows removed within seven days, by part. Approved removals are not counted.
        approved: digests of holds that a person approved and that no sync has applied yet.
        rejected: digests of holds that a person rejected.
    """

    limits: Limits = Limits()
    recent_removals: tuple[tuple[str, int], ...] = ()
    approved: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
