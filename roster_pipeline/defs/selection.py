"""Which steps a run was launched with. Only a run of all of them is a sync: it is recorded, and it may publish."""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

STEPS = {
    "raw": "extract_and_land",
    "staging": "stage_and_validate",
    "current": "read_current",
    "intermediate": "reconcile",
    "marts": "reconcile",
    "sync": "plan",
    "product": "publish",
    "snapshots": "snapshot",
}
"""The step that makes the assets of each group."""
ALL_STEPS = frozenset(STEPS.values())
SYNC_JOB = "sync_roster"


@dataclass(frozen=True)
class Selection:
    """The steps of one run.

    Attributes:
        repeats: Dagster's ids of the runs that this one repeats, the newest first: *Re-execute* was pressed for them.
    """

    steps: frozenset[str]
    repeats: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether it is a sync from its first step to its last."""
        return self.steps == ALL_STEPS

    @property
    def publishes(self) -> bool:
        return STEPS["product"] in self.steps

    @property
    def plans(self) -> bool:
        return STEPS["sync"] in self.steps


def selection_of(run: dg.DagsterRun) -> Selection:
    """Read what a run was launched with: its steps, or its assets, or everything of its job."""
    repeats = tuple(dict.fromkeys(filter(None, (run.parent_run_id, run.root_run_id))))
    if run.step_keys_to_execute:
        return Selection(frozenset(run.step_keys_to_execute), repeats)
    if run.asset_selection:
        return Selection(frozenset(STEPS[key.path[0]] for key in run.asset_selection), repeats)
    whole = run.job_name == SYNC_JOB
    return Selection(ALL_STEPS if whole else ALL_STEPS - {STEPS["product"], STEPS["snapshots"]}, repeats)
