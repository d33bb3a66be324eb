"""The steps that a run was launched with. Only a run of all steps is a sync, is recorded and may publish."""

from __future__ import annotations

from dataclasses import dataclass

import dagster as dg

STEPS = {
    "raw": "extract_and_land",
    "staging": "stage_and_validate",
    "current": "load_current",
    "intermediate": "reconcile",
    "marts": "reconcile",
    "sync": "plan",
    "product": "publish",
}
"""The step that materializes the assets of each group."""
ALL_STEPS = frozenset(STEPS.values())
SYNC_JOB = "sync_roster"


@dataclass(frozen=True)
class Selection:
    """The steps of one run.

    Attributes:
        steps: the names of the steps.
        repeats: Dagster's ids of the runs that this run re-executes, the newest first.
        is_preview: whether the first step is configured as a preview.
    """

    steps: frozenset[str]
    repeats: tuple[str, ...] = ()
    is_preview: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the run has all steps of a sync."""
        return self.steps == ALL_STEPS

    @property
    def reads(self) -> bool:
        return STEPS["raw"] in self.steps

    @property
    def looks(self) -> bool:
        """Whether the run reads or plans without publishing. It then works on a copy of the district file."""
        return self.is_preview or not self.publishes

    @property
    def publishes(self) -> bool:
        return STEPS["product"] in self.steps

    @property
    def plans(self) -> bool:
        return STEPS["sync"] in self.steps


def selection_of(run: dg.DagsterRun) -> Selection:
    """Return the steps of a run, which was launched with steps, with assets, or with everything of its job.

    *Materialize all* of the asset graph also runs the freshness check and the snapshot, which are no steps of a sync.
    """
    repeats = tuple(dict.fromkeys(filter(None, (run.parent_run_id, run.root_run_id))))
    if run.step_keys_to_execute:
        steps = ALL_STEPS.intersection(run.step_keys_to_execute)
    elif run.asset_selection:
        steps = frozenset(STEPS[key.path[0]] for key in run.asset_selection if key.path[0] in STEPS)
    else:
        steps = ALL_STEPS if run.job_name == SYNC_JOB else ALL_STEPS - {STEPS["product"]}
    return Selection(steps, repeats, _is_preview(run))


def _is_preview(run: dg.DagsterRun) -> bool:
    """Return whether the configuration of a run makes it a preview."""
    configured: dict[str, dict[str, dict[str, object]]] = run.run_config.get("ops", {})  # type: ignore[assignment]
    return configured.get(STEPS["raw"], {}).get("config", {}).get("preview") is True
