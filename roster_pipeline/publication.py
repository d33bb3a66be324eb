"""The transaction that publishes a plan, as a function that can be run again where other sessions were in its way."""

from __future__ import annotations

from collections.abc import Callable
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
from roster_pipeline.syncs.lifecycle import finish_sync
from roster_pipeline.syncs.request_answers import scopes_asked


def prepare_publication(
    con: duckdb.DuckDBPyConnection,
    plan: Plan,
    district: District,
    now: Callable[[], datetime],
    *,
    is_rejected: bool = False,
) -> Callable[[Connection], None]:
    """Return the function that writes `plan` and closes its sync in the transaction that it is given.

    The summary of the plan is made here, before any row is locked. Only the answer to a request about one class is made
    in the transaction, because it depends on who is in the class after the plan was written.

    Args:
        con: the connection to the district's DuckDB file, which is only read.
        now: gives the time that each try dates its rows with.
        is_rejected: a person has rejected what the plan holds.
    """
    told = count_changes(con)
    summary = summarize(con, plan, changes=told, is_rejected=is_rejected)
    proof, leaves = read_load_audit(con, plan.sync_id), describe_impact(con)

    def publish(pg: Connection) -> None:
        apply_plan(con, pg, plan, now())
        scopes = scopes_asked(pg, plan.sync_id).items()
        finish_sync(
            pg,
            plan,
            district,
            summary=summary,
            answers={scope: summarize(con, plan, scope, who, is_rejected=is_rejected) for scope, who in scopes},
            told=told,
            at=now(),
            proof=proof,
            leaves=leaves,
        )

    return publish
