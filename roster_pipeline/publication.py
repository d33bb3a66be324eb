"""The transaction that publishes a plan, as a function that can be run again after a conflict with another session."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import duckdb
from sqlalchemy import Connection

from roster_pipeline.land import read_load_audit
from roster_pipeline.model.feed import District
from roster_pipeline.model.plan import Plan
from roster_pipeline.plan.change_summary import count_changes
from roster_pipeline.plan.impact import describe_impact
from roster_pipeline.plan.summary import summarize
from roster_pipeline.publish.apply import apply_plan
from roster_pipeline.syncs.lifecycle import SyncReport, finish_sync
from roster_pipeline.syncs.request_answers import list_claimed_scopes


def prepare_publication(
    con: duckdb.DuckDBPyConnection,
    plan: Plan,
    district: District,
    now: Callable[[], datetime],
    *,
    is_rejected: bool = False,
) -> Callable[[Connection], None]:
    """Return the function that writes `plan` and closes its sync in the transaction that it is given.

    The report of the sync is built here, before any row is locked. Only the answers to requests about one class are
    written in the transaction, because they depend on the members of the class after the plan was applied.

    Args:
        con: the connection to the district's DuckDB file, which is only read.
        now: returns the time with which each try dates its rows.
        is_rejected: a person has rejected the held part of the plan.
    """
    change_summary = count_changes(con)
    report = SyncReport(
        summarize(con, plan, changes=change_summary, is_rejected=is_rejected),
        change_summary=change_summary,
        impact=describe_impact(con),
        load_audit=read_load_audit(con, plan.sync_id),
    )

    def publish(pg: Connection) -> None:
        apply_plan(con, pg, plan, now())
        answers = {
            scope: summarize(con, plan, scope, account_ids, is_rejected=is_rejected)
            for scope, account_ids in list_claimed_scopes(pg, plan.sync_id).items()
        }
        finish_sync(pg, plan, district, replace(report, answers=answers), at=now())

    return publish
