"""Finds the districts of a run, and whether a process still works on one of them."""

from __future__ import annotations

from typing import Any, cast

import dagster as dg

from roster_pipeline.instance.run_tags import PARTITION_TAG
from roster_pipeline.product.database import open_product, share_district, transaction
from roster_pipeline.settings import read_settings

BATCH_JOB, BATCH_STEP = "sync_batch", "sync_districts"


def list_districts(run: dg.DagsterRun) -> list[str]:
    """Return the Clever ids of the districts that a run was asked to sync."""
    if own := run.tags.get(PARTITION_TAG):
        return [own]
    if run.job_name != BATCH_JOB:
        return []
    return list(cast("Any", run.run_config)["ops"][BATCH_STEP]["config"]["districts"])


def is_district_locked(run: dg.DagsterRun) -> bool:
    """Return whether a process on any machine holds the lock of a district of a run.

    The answer is True for a run without a district.

    Raises:
        ProductUnusable: the product database does not answer, so the locks cannot be read.
    """
    districts = list_districts(run)
    if not districts:
        return True
    with transaction(open_product(read_settings())) as pg:
        return not all(share_district(pg, district_id) for district_id in districts)
