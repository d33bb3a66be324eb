"""The asset check that fails while the last full read of a district is too old."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import dagster as dg

from roster_pipeline.defs.resources import Product
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.schedule_policy import LATE, Candidate, count_hours_late, list_candidates

HOUR = timedelta(hours=1)
FRESH = "every_district_is_fresh"
ROSTERS = dg.AssetKey(["product", "rosters"])
LATE_DISTRICTS_SHOWN = 100
"""How many late districts the check lists at most. It counts all of them."""


@dg.asset_check(
    name=FRESH,
    asset=ROSTERS,
    description=f"Fails while the last full read of an active secure_sync district is over {LATE // HOUR} hours old. "
    "The metadata lists those districts by id, with the hours. The sensor catch_up reports the check whenever that "
    "list changes, and tries the districts again. Its ticks say which districts are skipped and why.",
)
def every_district_is_fresh(product: Product) -> dg.AssetCheckResult:
    """Report the freshness check in a run that a person started."""
    with transaction(product.engine()) as pg:
        now = product.now()
        freshness = measure_freshness(list_candidates(pg, now), now)
    return dg.AssetCheckResult(
        passed=not freshness.late, severity=dg.AssetCheckSeverity.WARN, metadata=freshness.metadata
    )


@dataclass(frozen=True)
class Freshness:
    """The districts whose last full read is too old.

    Attributes:
        late: for each late district, by Clever id, the whole hours since its last full read.
        never_read: the number of active districts that wait for their first sync. They are not late.
    """

    late: dict[str, int]
    never_read: int

    @property
    def metadata(self) -> dict[str, dg.MetadataValue]:
        """The metadata of the check: both counts, and the districts that are the most hours late."""
        by_hours = sorted(self.late.items(), key=lambda item: (-item[1], item[0]))
        return {
            "late": dg.MetadataValue.int(len(self.late)),
            "never_read": dg.MetadataValue.int(self.never_read),
            "hours_since_full_read": dg.MetadataValue.json(dict(by_hours[:LATE_DISTRICTS_SHOWN])),
        }

    def evaluation(self) -> dg.AssetCheckEvaluation:
        """Return the result of the check in the form that a sensor reports."""
        return dg.AssetCheckEvaluation(
            asset_key=ROSTERS,
            check_name=FRESH,
            passed=not self.late,
            severity=dg.AssetCheckSeverity.WARN,
            metadata=self.metadata,
        )


def measure_freshness(districts: Sequence[Candidate], now: datetime) -> Freshness:
    """Find the districts that are late at the given time, and count those that were never read."""
    late = {
        district.district_id: hours for district in districts if (hours := count_hours_late(district, now)) is not None
    }
    never_read = sum(district.state == "active" and district.last_full_read_at is None for district in districts)
    return Freshness(late, never_read)
