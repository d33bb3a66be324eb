"""The command sessions end: log everybody of a district out of the Clever page."""

from __future__ import annotations

from datetime import UTC, datetime

import typer

from roster_pipeline.cli.admins import By
from roster_pipeline.cli.corrections import current_user
from roster_pipeline.cli.screen import AsJson, say, show_json
from roster_pipeline.cli.sync import OneDistrict
from roster_pipeline.messages import operator
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import open_product
from roster_pipeline.product.web_logins import end_district_sessions
from roster_pipeline.settings import read_settings

sessions = typer.Typer(help="The sessions of people on the Clever page.")


def register(app: typer.Typer) -> None:
    sessions.command("end")(end)
    app.add_typer(sessions, name="sessions")


@sessions.callback()
def _group() -> None:
    """The sessions of people on the Clever page."""


def end(
    district: OneDistrict,
    by: By = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Log everybody of a district out of the Clever page. People log in again with Clever or Google."""
    decided_by, at = by or current_user(), datetime.now(UTC)
    ended = write_product(
        open_product(read_settings()), lambda pg: end_district_sessions(pg, district, by=decided_by, at=at)
    )
    if as_json:
        show_json({"district_id": district, "by": decided_by, "ended": ended})
        return
    say(operator.count("{n:,} session ended.", "{n:,} sessions ended.", ended))
