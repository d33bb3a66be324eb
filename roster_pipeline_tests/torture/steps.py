"""A sync without Dagster: the steps of `defs/assets.py` one after the other, with the lock and the end that a run has.

Several times as fast, because nothing describes itself: no event is stored, no column traced. What the steps do to
Clever's files, the warehouse, the product and the snapshot is the same.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from inspect import signature
from types import SimpleNamespace
from typing import NamedTuple
from uuid import uuid4

import dagster as dg
import duckdb
import httpx
from pydantic import PrivateAttr

from roster_pipeline.clever import clever_access
from roster_pipeline.defs import describe
from roster_pipeline.defs.assets import ASSETS, SyncConfig
from roster_pipeline.defs.failures import EXIT_CODE
from roster_pipeline.defs.partitions import PARTITION_TAG, TRIGGER_TAG
from roster_pipeline.defs.resources import DistrictSync
from roster_pipeline.errors import RosterError
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.torture.network import NETWORK
from roster_pipeline_tests.torture.places import Place

ALL = tuple(ASSETS)
WITHOUT_SNAPSHOT = ALL[:-1]
QUIET = logging.getLogger("roster_pipeline_tests.torture")


class Ended(NamedTuple):
    """How a sync ended: 0, or the exit code of its error and its line."""

    exit_code: int
    said: str = ""


class Unhurried(DistrictSync):
    """The resource of the real job, which does not sleep between its tries.

    Attributes:
        network: replaces the real one.
        warehouse_stays: the district's file is opened once and not by each step, which takes a third of the time.
    """

    _network: httpx.BaseTransport | None = PrivateAttr(default=None)
    _warehouse_stays: bool = PrivateAttr(default=True)
    _open: duckdb.DuckDBPyConnection | None = PrivateAttr(default=None)

    def clever(self) -> CleverClient:
        return CleverClient(clever_access(read_settings()), sleep=lambda _seconds: None, transport=self._network)

    @contextmanager
    def warehouse(self) -> Iterator[duckdb.DuckDBPyConnection]:
        if self._open is not None:
            yield self._open
            return
        with super().warehouse() as con:
            yield con

    @contextmanager
    def all_along(self) -> Iterator[None]:
        if not self._warehouse_stays:
            yield
            return
        with super().warehouse() as self._open:
            yield


def sync(
    place: Place,
    district_id: str,
    *,
    network: httpx.BaseTransport = NETWORK,
    steps: Sequence[dg.AssetsDefinition] = ALL,
    warehouse_stays: bool = True,
) -> Ended:
    """Sync one district in this process.

    Args:
        steps: which, in their order; without the snapshot it is a quarter faster.
    """
    resource = Unhurried()
    resource._network, resource._warehouse_stays = network, warehouse_stays
    tags = {PARTITION_TAG: district_id, TRIGGER_TAG: "cli"}
    run = SimpleNamespace(run_id=str(uuid4()), tags=tags)
    instance = SimpleNamespace(add_run_tags=lambda _run_id, _tags: None)
    context = SimpleNamespace(run=run, log=QUIET, instance=instance)
    try:
        with place.entered(), _nothing_described(), resource.yield_for_execution(context) as opened, opened.all_along():
            for step in steps:
                take(step, context=context, config=SyncConfig(), sync=opened)
    except dg.Failure as failure:
        return Ended(int(failure.metadata[EXIT_CODE].value), failure.description)
    except RosterError as error:
        return Ended(error.exit_code, str(error))
    return Ended(0)


def take(step: dg.AssetsDefinition, **given: object) -> None:
    """One step, with those of the given values that it asks for."""
    function = step.op.compute_fn.decorated_fn
    for _result in function(**{name: given[name] for name in signature(function).parameters}):
        pass


@contextmanager
def _nothing_described() -> Iterator[None]:
    """No step counts rows and traces columns for the Dagster UI."""
    kept = describe.describe_table, describe.describe_model
    describe.describe_table = describe.describe_model = lambda *_about: {}
    try:
        yield
    finally:
        describe.describe_table, describe.describe_model = kept
