"""A sync without Dagster: the steps of `defs/assets.py` one after the other, with the lock and the end that a run has.

Several times as fast, because no event is stored and nothing describes itself. What the steps do to Clever's files, the
warehouse, the product and the snapshot is the same.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from types import SimpleNamespace
from uuid import uuid4

import dagster as dg
import httpx
import pytest
from pydantic import PrivateAttr

from roster_pipeline.clever import clever_access
from roster_pipeline.defs import describe
from roster_pipeline.defs.assets import ASSETS, SyncConfig
from roster_pipeline.defs.failures import EXIT_CODE
from roster_pipeline.defs.launch import Ended
from roster_pipeline.defs.partitions import PARTITION_TAG, TRIGGER_TAG
from roster_pipeline.defs.resources import DistrictSync
from roster_pipeline.defs.selection import SYNC_JOB
from roster_pipeline.errors import RosterError
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.chaos.network import NETWORK

Steps = Sequence[dg.AssetsDefinition]
ALL: Steps = tuple(ASSETS)
WITHOUT_SNAPSHOT = ALL[:-1]
MODES = ("full", "auto")
"""How a district is read: in full, or, where Clever's events tell everything, by those."""
QUIET = logging.getLogger("roster_pipeline_tests.chaos")
QUIET.setLevel(logging.CRITICAL)


class Unhurried(DistrictSync):
    """The resource of the real job, which does not sleep between its tries."""

    _network: httpx.BaseTransport | None = PrivateAttr(default=None)

    def clever(self) -> CleverClient:
        return CleverClient(clever_access(read_settings()), sleep=lambda _seconds: None, transport=self._network)


def sync(district_id: str, *, mode: str, network: httpx.BaseTransport = NETWORK, steps: Steps = ALL) -> Ended:
    """Sync one district in this process, with the settings that it has.

    Args:
        mode: `full` or `auto`: in full, or what Clever's events tell.
        steps: which, in their order; without the snapshot it is a quarter faster.
    """
    resource = Unhurried()
    resource._network = network
    run = dg.DagsterRun(SYNC_JOB, str(uuid4()), tags={PARTITION_TAG: district_id, TRIGGER_TAG: "cli"})
    instance = SimpleNamespace(
        add_run_tags=lambda _run_id, _tags: None,
        all_logs=lambda _run_id, **_which: [],
        get_run_by_id=lambda _run_id: run,
    )
    context = SimpleNamespace(run=run, log=QUIET, instance=instance)
    try:
        with _undescribed(), resource.yield_for_execution(context) as opened:
            for step in steps:
                _take(step, context=context, config=SyncConfig(mode=mode), sync=opened)
    except dg.Failure as failure:
        return Ended(run.run_id, failure.description, int(failure.metadata[EXIT_CODE].value))
    except RosterError as error:
        return Ended(run.run_id, str(error), error.exit_code)
    return Ended(run.run_id)


def _take(step: dg.AssetsDefinition, **given: object) -> None:
    """One step, with those of the given values that it asks for."""
    function = step.op.compute_fn.decorated_fn
    for _result in function(**{name: given[name] for name in signature(function).parameters}):
        pass


@contextmanager
def _undescribed() -> Iterator[None]:
    """No step counts rows and traces columns for the Dagster UI."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("describe_table", "describe_model"):
            patch.setattr(describe, name, lambda *_about, **_how: {})
        yield
