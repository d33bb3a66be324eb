"""The command retention: how long data is kept, what is due, and the erasure of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from roster_pipeline.cli.corrections import current_user
from roster_pipeline.cli.screen import AsJson, say, show_json, show_table
from roster_pipeline.instance.eraser import build_eraser
from roster_pipeline.instance.record_pruning import count_expired_runs, prune_records
from roster_pipeline.messages import operator
from roster_pipeline.privacy.policy import read_policy
from roster_pipeline.privacy.retention import count_expired, erase_expired
from roster_pipeline.product.database import transaction
from roster_pipeline.settings import read_settings
from roster_pipeline.sync_context import utc_now

KINDS = {
    "people_who_left": operator.mark("people who left"),
    "journal": operator.mark("syncs with a journal"),
    "rejected_records": operator.mark("files with rejected records"),
    "landing_files": operator.mark("landing files"),
    "audit": operator.mark("audit trail, decisions and requests"),
    "web_sessions": operator.mark("sessions of the page"),
    "dagster_records": operator.mark("runs in Dagster's records"),
}


def register(app: typer.Typer) -> None:
    app.command("retention")(retention)


def retention(
    erase: Annotated[bool, typer.Option("--erase", help="Erase what is due now.")] = False,  # noqa: FBT002
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show how long each kind of data is kept and how much is due. ROSTER_HOME/retention.toml sets the periods.

    The Dagster jobs forget_on_time and prune_records erase what is due every day.
    """
    settings = read_settings()
    policy, eraser = read_policy(settings), build_eraser(settings, current_user(), utc_now)
    records_until = policy.start("dagster_records", eraser.now())
    if erase:
        counts = erase_expired(eraser, policy)
        counts["dagster_records"] = prune_records(settings, records_until)["runs"]
    else:
        with transaction(eraser.engine) as pg:
            counts = count_expired(pg, policy, eraser.now())
        counts["dagster_records"] = count_expired_runs(settings, records_until)
    if as_json:
        show_json({"days": asdict(policy), "erased" if erase else "due": counts})
        return
    header = operator.text("erased") if erase else operator.text("due now")
    rows = [(operator.text(KINDS[kind]), days, counts.get(kind)) for kind, days in asdict(policy).items()]
    show_table(None, [operator.text("kind"), operator.text("days"), header], rows)
    if not erase:
        say(operator.text("Erase it now: roster-pipeline retention --erase"))
