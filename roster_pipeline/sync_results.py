"""What each stage of `pipeline` did, as values: Dagster describes them, tests compare them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from roster_pipeline.errors import SqlTestFailed
from roster_pipeline.ingest import IngestedDistrict
from roster_pipeline.model.plan import Plan
from roster_pipeline.product.organizations import Freshness
from roster_pipeline.stage import Model
from roster_pipeline.validate.sql_tests import Outcome, SqlTest


@dataclass(frozen=True)
class IngestResult:
    """What the sync has read of the district.

    Attributes:
        sync_id: of the sync that was begun; `PREVIEW` in a preview.
        usual_events: how many events a delta sync of this district has as a rule; None if that is not known yet.
    """

    sync_id: int
    district: IngestedDistrict
    usual_events: float | None


@dataclass(frozen=True)
class StagedTable:
    """A table of `staging`.

    Attributes:
        rows: how many rows are in the table, without the quarantined ones.
        quarantined: how many rows broke the table's contract, by reason.
    """

    model: Model
    rows: int
    quarantined: Mapping[str, int]


@dataclass(frozen=True)
class ReconcileResult:
    """The desired state of the product's rows.

    Attributes:
        rows: how many rows each model has.
        tests: the outcome of every SQL test.
    """

    rows: Sequence[tuple[Model, int]]
    tests: Sequence[tuple[SqlTest, Outcome]]

    def refuse_failures(self) -> None:
        """Raise an error where a test failed that stops the sync.

        Raises:
            SqlTestFailed: the first such test.
        """
        for test, outcome in self.tests:
            if test.stops and outcome.guilty:
                raise SqlTestFailed(test.name, outcome.guilty)


@dataclass(frozen=True)
class PlanResult:
    """The changes that the sync will make.

    Attributes:
        is_rejected: a person has rejected exactly what the plan holds.
    """

    plan: Plan
    is_rejected: bool

    @property
    def has_open_hold(self) -> bool:
        """Return whether a part of the plan is on hold for approval."""
        return bool(self.plan.held) and not self.is_rejected


@dataclass(frozen=True)
class PublishResult:
    """The plan that was written into the product.

    Attributes:
        live: how many rows of the organization the product has now, by kind.
        freshness: when the data last moved on each hop from the district's own system to the product.
    """

    plan: Plan
    live: Mapping[str, int]
    freshness: Freshness
