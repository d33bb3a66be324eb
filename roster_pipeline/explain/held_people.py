"""Reads from the district file whom a held plan concerns. No table of the product has these names."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from roster_pipeline.errors import PlanStale
from roster_pipeline.explain.district_file import Unread, open_file, retry_when_damaged
from roster_pipeline.plan.build import load_plan
from roster_pipeline.plan.impact import list_people_on_hold
from roster_pipeline.product.database import transaction

People = dict[str, list[dict[str, Any]]]


def find_people_on_hold(engine: Engine, folder: Path, district_id: str, plan: str) -> People | None:
    """Return the people whom a plan concerns, from the district file or a preview of it.

    Args:
        plan: the digest of the plan, or its first digits.

    Returns:
        `people` and `renamed` as `list_people_on_hold`, or None if this machine has no file of this plan now.
    """
    for is_preview in (False, True):
        people = retry_when_damaged(partial(_read_file, engine, folder, district_id, plan, is_preview=is_preview))
        if people is not None:
            return people
    return None


def _read_file(engine: Engine, folder: Path, district_id: str, plan: str, *, is_preview: bool) -> People | None:
    with transaction(engine) as pg:
        return _read_people(pg, folder, district_id, plan, is_preview=is_preview)


def _read_people(pg: Connection, folder: Path, district_id: str, plan: str, *, is_preview: bool) -> People | None:
    with open_file(pg, folder, district_id, is_preview=is_preview) as con:
        if isinstance(con, Unread):
            return None
        try:
            return list_people_on_hold(con) if load_plan(con).held_digest.startswith(plan) else None
        except PlanStale:
            return None
