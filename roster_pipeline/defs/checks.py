"""Adds the district to the results of asset checks.

Dagster does not partition checks. It shows only the last result, so each result says which district it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import wraps
from typing import ParamSpec, cast

import dagster as dg

from roster_pipeline.defs.resources import DistrictSync

Results = Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]
Arguments = ParamSpec("Arguments")


def with_district(step: Callable[Arguments, Results]) -> Callable[Arguments, Results]:
    """Decorate a step so that the description and the metadata of each check result name the district.

    Args:
        step: an asset body with the resource `sync`.
    """

    @wraps(step)
    def decorated(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Results:
        sync = cast("DistrictSync", kwargs["sync"])
        for result in step(*args, **kwargs):
            yield _add_district(result, sync) if isinstance(result, dg.AssetCheckResult) else result

    return decorated


def _add_district(result: dg.AssetCheckResult, sync: DistrictSync) -> dg.AssetCheckResult:
    """Return a check result that names the district in its description and its metadata."""
    verdict = "passes" if result.passed else "does not pass"
    return dg.AssetCheckResult(
        passed=result.passed,
        asset_key=result.asset_key,
        check_name=result.check_name,
        severity=result.severity,
        description=f"{sync.district_name} ({sync.district_id}) {verdict}.",
        metadata={**result.metadata, "district": sync.district_name, "district_id": sync.district_id},
    )
