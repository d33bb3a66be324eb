"""Whether every district is as fresh as its nights promise: a check beside the product's assets, and what it says."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg

from roster_pipeline.defs.resources import Product
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.schedule_policy import LATE, Candidate, candidates, hours_late

HOUR = timedelta(hours=1)
FRESH = "every_district_is_fresh"
ROSTERS = dg.AssetKey(["product", "rosters"])
SHOWN = 100
"""How many late districts are listed; all are counted."""


@dg.asset_check(
    name=FRESH,
    asset=ROSTERS,
    description=f"Fails while an active secure_sync district was last read in full over {LATE // HOUR} hours "
    "ago, and lists those districts by id with the hours. Sensor catch_up reports it whenever that list changes or a "
    "run left it without a result, and tries them again by itself: its ticks say who waits and why.",
)
def every_district_is_fresh(product: Product) -> dg.AssetCheckResult:
    """The same by hand."""
    with transaction(product.engine()) as pg:
        now = product.now()
        found = freshness_of(candidates(pg, now), now)
    return dg.AssetCheckResult(passed=not found.late, severity=dg.AssetCheckSeverity.WARN, metadata=found.metadata)


@dataclass(frozen=True)
class Freshness:
    """How stale the night's districts are.

    Attributes:
        late: whole hours since the last full read, by Clever id, of those that are late.
        never_read: active districts that wait for their first sync; they are not late.
    """

    late: dict[str, int]
    never_read: int

    @property
    def metadata(self) -> dict[str, dg.MetadataValue]:
        """What the check shows: counts, and the most stale districts."""
        shown = dict(sorted(self.late.items(), key=lambda each: (-each[1], each[0]))[:SHOWN])
        return {
            "late": dg.MetadataValue.int(len(self.late)),
            "never_read": dg.MetadataValue.int(self.never_read),
            "hours_since_full_read": dg.MetadataValue.json(shown),
        }

    def evaluation(self) -> dg.AssetCheckEvaluation:
        """The check's outcome as a sensor reports it."""
        return dg.AssetCheckEvaluation(
            asset_key=ROSTERS,
            check_name=FRESH,
            passed=not self.late,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=self.metadata,
        )


def freshness_of(districts: Sequence[Candidate], now: datetime) -> Freshness:
    """Who is late at this time."""
    late = {one.district_id: hours for one in districts if (hours := hours_late(one, now)) is not None}
    never = sum(one.state == "active" and one.last_full_read_at is None for one in districts)
    return Freshness(late, never)
