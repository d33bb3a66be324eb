"""Checks are not partitioned, so each result names its district: the next district's result takes its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import ParamSpec, cast

import dagster as dg

from roster_pipeline.defs.resources import DistrictSync

Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]
Arguments = ParamSpec("Arguments")


def name_district(step: Callable[Arguments, Results]) -> Callable[Arguments, Results]:
    """Let every check result of a step say in its description and its metadata which district it is about.

    Args:
        step: its resource `sync` is that of the run.
    """

    @wraps(step)
    def named(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Results:
        sync = cast("DistrictSync", kwargs["sync"])
        for result in step(*args, **kwargs):
            yield _named(result, sync) if isinstance(result, dg.AssetCheckResult) else result

    return named


def _named(result: dg.AssetCheckResult, sync: DistrictSync) -> dg.AssetCheckResult:
    verdict = "passes" if result.passed else "does not pass"
    return dg.AssetCheckResult(
        passed=result.passed,
        asset_key=result.asset_key,
        check_name=result.check_name,
        severity=result.severity,
        description=f"{sync.district_name} ({sync.district_id}) {verdict}.",
        metadata={**result.metadata, "district": sync.district_name, "district_id": sync.district_id},
    )
