"""A failing district stops no other one: in `sync` of all districts, in a batch, and in the queue."""

import string
from datetime import UTC, datetime
from random import Random

import dagster as dg
import pytest

from roster_pipeline.cli.sync import run_districts
from roster_pipeline.defs import batch, launch
from roster_pipeline.defs.batch import BatchConfig, sync_each
from roster_pipeline.defs.launch import dagster_instance
from roster_pipeline.defs.partitions import DISTRICT_TAG, PARTITION_TAG
from roster_pipeline.defs.resources import Product
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import execute, query

ENDLESS = "\x1b[31m\n" + "".join(Random(1).choices(string.ascii_letters, k=3000))
NAMED = "update roster.organizations set name = :name where clever_district_id = :key"


class Broken(Exception):
    """What nobody has foreseen."""


def all_of(*districts):
    return [district.id for district in districts]


def states(reports):
    return {report.district_id: report.state for report in reports}


@pytest.fixture
def breaks(monkeypatch):
    """Lets something that is done for each district fail for one of them."""

    def broken(module, name, district):
        real = getattr(module, name)

        def fails(*given, **named):
            if district.id in given:
                raise Broken
            return real(*given, **named)

        monkeypatch.setattr(module, name, fails)

    return broken


def test_name_too_long_for_an_index_is_cut_and_cleaned_in_tags(valley, hamlet, product, environment):
    valley.put("districts", valley.get("districts", valley.id) | {"name": ENDLESS})
    execute(product, NAMED, name=ENDLESS, key=valley.id)
    reports = run_districts(read_settings(), all_of(valley, hamlet))
    assert states(reports) == {valley.id: "published", hamlet.id: "published"}
    with dagster_instance(read_settings()) as instance:
        tags = {run.tags[PARTITION_TAG]: run.tags[DISTRICT_TAG] for run in instance.get_runs()}
    assert tags[hamlet.id] == hamlet.name
    assert tags[valley.id].isprintable()
    assert len(tags[valley.id]) <= 100


@pytest.mark.parametrize("place", ["add_partition", "run_sync"])
def test_unforeseen_failure_does_not_stop_the_command(valley, hamlet, breaks, environment, place):
    breaks(launch, place, valley)
    reports = run_districts(read_settings(), all_of(valley, hamlet))
    assert states(reports) == {valley.id: "failed", hamlet.id: "published"}
    (failed,) = [report for report in reports if report.failure]
    assert (failed.exit_code, "Broken" in failed.failure) == (1, True)


@pytest.mark.parametrize("place", ["add_partition", "run_sync"])
def test_unforeseen_failure_does_not_stop_the_batch(valley, hamlet, breaks, environment, job, instance, product, place):
    breaks(batch, place, valley)
    config = BatchConfig(districts=all_of(valley, hamlet), evening=datetime.now(UTC).isoformat())
    said = {"batch": dg.DagsterRun("sync_batch", "the batch"), "log": dg.get_dagster_logger()}
    assert sync_each(instance, job, Product(), config, **said) == [valley.id]
    assert query(product, "select state from roster.syncs") == [("published",)]
