"""refresh, requests: filing an Update Roster request, waiting for its answer, and what became of the last ones."""

from __future__ import annotations

import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import sqlalchemy as sa
import typer
from rich.table import Table
from rich.text import Text
from sqlalchemy import Engine

from roster_pipeline.cli.report import CANCELED_EXIT, HELD_EXIT
from roster_pipeline.cli.screen import AsJson, complain, err, out, plain, say, show_json
from roster_pipeline.cli.sync import OneDistrict
from roster_pipeline.errors import RosterError, TierRefused
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import find_organization
from roster_pipeline.product.tables import syncs
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.syncs.requests import Estimate, Filed, Request, estimate, file_request, find_request, last_requests

District = Annotated[str | None, typer.Option("--district", metavar="ID", help="Clever's id of one district.")]
School = Annotated[str | None, typer.Option(metavar="ID", help="Clever's id of the one school that changed.")]
Section = Annotated[str | None, typer.Option(metavar="ID", help="Clever's id of the one section that changed.")]
LOOK_SECONDS = 0.5
STYLES = {"published": "green", "held": "yellow", "canceled": "yellow", "failed": "red"}
PLACES = {"school": "school", "section": "class"}


def register(app: typer.Typer) -> None:
    app.command("refresh")(refresh)
    app.command("requests")(requests)


def refresh(
    district: OneDistrict,
    school: School = None,
    section: Section = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the answer, and say what changed.")] = False,  # noqa: FBT002
    timeout: Annotated[float, typer.Option(min=0, help="How many seconds to wait at most.")] = 600,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> int:
    """File an Update Roster request, as the button does. The Dagster daemon takes it up within seconds.

    Exit: 0 filed. With --wait: 0 published · 3 something is held for a person · 4 Clever not usable, nothing changed ·
    6 PostgreSQL not usable · 130 a person stopped the sync · 1 a fault of ours, or no answer in time.
    """
    settings = read_settings()
    engine = open_product(settings)
    scope = "section" if section else "school" if school else "district"
    clever_id, by = section or school, "roster-pipeline"
    filed = write_product(
        engine, lambda pg: file_request(pg, district, scope=scope, scope_clever_id=clever_id, requested_by=by)
    )
    with transaction(engine) as pg:
        usual = estimate(pg, district, datetime.now(UTC))
    if not as_json:
        say(_filed_words(district, filed, usual))
    answered = _wait(engine, district, filed, timeout) if wait else None
    if as_json:
        show_json(_as_json(district, filed, usual, answered))
    return _finish(settings, answered, as_json=as_json) if answered else 0


def requests(
    district: District = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """The last Update Roster requests: what for, how they stand, how long they took, and the answer."""
    with transaction(open_product(read_settings())) as pg:
        if district:
            find_organization(pg, district)
        found = last_requests(pg, district_id=district)
    if as_json:
        show_json([asdict(one) for one in found])
    elif found:
        for one in found:
            _show(one)
    else:
        say("There was no Update Roster request yet. To file one: roster-pipeline refresh --district DISTRICT_ID")


def _filed_words(district_id: str, filed: Filed, usual: Estimate | None) -> str:
    waits = f"District {district_id}: request {filed.id} waits"
    if filed.joins:
        waits += f", as request {filed.joins} does already for the same: one sync answers both"
    said = [f"{waits}; {_usual_words(usual)}."]
    if filed.scope.subject == "section" and filed.scope.kind == "district":
        said.append(
            f"Class {filed.scope.clever_id} is not known here yet: the request is for the whole district, and the "
            "answer says whether the class came."
        )
    if filed.district_state == "disconnected":
        said.append("Clever showed the district no more when it was last tried: the answer says whether it is back.")
    if filed.is_behind:
        said.append("A sync is running that may have read Clever before this: the next one answers it.")
    else:
        said.append("A running daemon (make dev) takes it up within seconds.")
    return " ".join(said)


def _usual_words(usual: Estimate | None) -> str:
    if usual is None:
        return "none of this district was answered yet, so nobody knows how long it takes"
    last = "the last one" if usual.requests == 1 else f"the last {usual.requests}"
    worst = "" if usual.requests == 1 else f" (at most {_seconds(usual.worst)})"
    return f"{last} took {_seconds(usual.median)}{worst}"


def _seconds(seconds: float) -> str:
    """`0.8 s`, `4 s`, `3 min 20 s`, `5 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _as_json(district_id: str, filed: Filed, usual: Estimate | None, answered: Request | None) -> dict[str, object]:
    return {
        "request_id": filed.id,
        "district_id": district_id,
        "scope": filed.scope.kind,
        "scope_clever_id": filed.scope.clever_id,
        "joins": filed.joins,
        "is_behind": filed.is_behind,
        "district_state": filed.district_state,
        "estimate_seconds": asdict(usual) if usual else None,
    } | ({"answer": asdict(answered)} if answered else {})


def _wait(engine: Engine, district_id: str, filed: Filed, seconds: float) -> Request:
    """Until it is answered.

    Raises:
        RosterError: it was not answered in time.
    """
    stays = f"Request {filed.id} of district {district_id} stays filed"
    end = time.monotonic() + seconds
    with err.status(f"Request {filed.id} waits"):
        while True:
            with transaction(engine) as pg:
                request = find_request(pg, filed.id)
            if request.is_answered:
                return request
            if time.monotonic() >= end:
                break
            time.sleep(LOOK_SECONDS)
    why = (
        "a sync is at it."
        if request.state == "running"
        else "no sync has taken it up; is the daemon running (make dev)?"
    )
    raise RosterError(f"{stays}, but was not answered within {_seconds(seconds)}: {why} See roster-pipeline requests.")


def _finish(settings: Settings, request: Request, *, as_json: bool) -> int:
    """Say the answer; the exit code is that of the sync that gave it."""
    if request.state != "failed":
        if not as_json:
            say(request.summary or "")
            if request.state == "held":
                say("Waiting removals are kept until a person has looked: roster-pipeline holds")
        return {"held": HELD_EXIT, "canceled": CANCELED_EXIT}.get(request.state, 0)
    if not as_json:
        complain(request.summary or "")
    return _exit_code_of(settings, request.sync_id) if request.sync_id else TierRefused.exit_code


def _exit_code_of(settings: Settings, sync_id: int) -> int:
    """The exit code of the error with which a sync failed."""
    from roster_pipeline.defs.launch import dagster_instance, read_ended

    with transaction(open_product(settings)) as pg:
        run_id = pg.execute(sa.select(syncs.c.dagster_run_id).where(syncs.c.id == sync_id)).scalar()
    with dagster_instance(settings) as instance:
        return read_ended(instance, str(run_id)).exit_code


def _show(request: Request) -> None:
    """Two lines: what it was, and the answer."""
    place = (
        f"{PLACES.get(request.scope, 'class')} {request.scope_clever_id}" if request.scope_clever_id else "the district"
    )
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, justify="right", min_width=4)
    table.add_column(no_wrap=True, min_width=9)
    table.add_column(overflow="fold")
    table.add_row(
        Text(str(request.id)),
        Text(request.state, style=STYLES.get(request.state, "dim")),
        plain(f"{request.district_name} ({request.district_id}), {place}"),
    )
    table.add_row("", "", plain(_times(request), "dim"))
    if request.summary:
        table.add_row("", "", plain(request.summary))
    out.print(table)


def _times(request: Request) -> str:
    asked = f"asked {request.requested_at:%Y-%m-%d %H:%M:%S} UTC"
    after = [
        f"{name} after {_seconds((moment - request.requested_at).total_seconds())}"
        for name, moment in (("taken up", request.started_at), ("answered", request.finished_at))
        if moment
    ]
    return ", ".join([asked, *after])
