"""The commands refresh and requests: file an Update Roster request, wait for its answer, and show the last ones."""

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
from roster_pipeline.messages import operator
from roster_pipeline.messages.times import DEFAULT_TIME_ZONE
from roster_pipeline.product.busy import write_product
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import find_organization, list_organizations
from roster_pipeline.product.tables import syncs
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.syncs.requests import (
    Estimate,
    FiledRequest,
    Request,
    estimate_answer_time,
    file_request,
    find_request,
    list_requests,
)

District = Annotated[str | None, typer.Option("--district", metavar="ID", help="Clever's ID of one district.")]
School = Annotated[str | None, typer.Option(metavar="ID", help="Clever's ID of the one school that changed.")]
Section = Annotated[str | None, typer.Option(metavar="ID", help="Clever's ID of the one section that changed.")]
LOOK_SECONDS = 0.5
STYLES = {"published": "green", "held": "yellow", "canceled": "yellow", "failed": "red"}
PLACES = {"school": operator.mark("school {clever_id}"), "section": operator.mark("class {clever_id}")}
STATES = {
    "queued": operator.mark("queued"),
    "running": operator.mark("running"),
    "published": operator.mark("published"),
    "held": operator.mark("on hold"),
    "failed": operator.mark("failed"),
    "canceled": operator.mark("stopped"),
}
NOT_ANSWERED = operator.mark(
    "Request {request} of district {district_id} was not answered within {time}. A sync is working on it, and the "
    "request stays filed. See roster-pipeline requests."
)
NOT_STARTED = operator.mark(
    "Request {request} of district {district_id} was not answered within {time}, because no sync has started it. The "
    "request stays filed. Is the daemon running (make dev)? See roster-pipeline requests."
)
ACTION_NEEDED = operator.mark("Action needed: approve or reject what is on hold. See roster-pipeline holds")


def register(app: typer.Typer) -> None:
    app.command("refresh")(refresh)
    app.command("requests")(requests)


def refresh(
    district: OneDistrict,
    school: School = None,
    section: Section = None,
    wait: Annotated[bool, typer.Option("--wait", help="Wait for the answer and show what changed.")] = False,  # noqa: FBT002
    timeout: Annotated[float, typer.Option(min=0, help="The longest time to wait, in seconds.")] = 600,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> int:
    """File an Update Roster request, as the button does. The Dagster daemon starts it within seconds.

    Exit: 0 filed. With --wait: 0 published · 3 something is on hold · 4 Clever not usable, nothing changed ·
    6 PostgreSQL not usable · 130 a person stopped the sync · 1 an internal error, or no answer in time.
    """
    settings = read_settings()
    engine = open_product(settings)
    scope = "section" if section else "school" if school else "district"
    clever_id, by = section or school, "roster-pipeline"
    filed = write_product(
        engine, lambda pg: file_request(pg, district, scope=scope, scope_clever_id=clever_id, requested_by=by)
    )
    with transaction(engine) as pg:
        usual = estimate_answer_time(pg, district, datetime.now(UTC))
    if not as_json:
        say(_describe_filed(district, filed, usual))
    answered = _wait(engine, district, filed, timeout) if wait else None
    if as_json:
        show_json(_as_json(district, filed, usual, answered))
    return _finish(settings, answered, as_json=as_json) if answered else 0


def requests(
    district: District = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> None:
    """Show the last Update Roster requests: what for, their state, how long they took, and the answer."""
    with transaction(open_product(read_settings())) as pg:
        if district:
            find_organization(pg, district)
        records = list_requests(pg, district_id=district)
        zones = {district.district_id: district.time_zone for district in list_organizations(pg)}
    if as_json:
        show_json([asdict(record) for record in records])
    for record in [] if as_json else records:
        _show(record, zones.get(record.district_id, DEFAULT_TIME_ZONE))
    if not (as_json or records):
        say(operator.text("No Update Roster request yet. To file one: roster-pipeline refresh --district DISTRICT_ID"))


def _describe_filed(district_id: str, filed: FiledRequest, usual: Estimate | None) -> str:
    """Return a sentence that says that a request is queued, how long it usually takes, and what else may surprise."""
    values = {"request": filed.id, "district_id": district_id, "other": filed.joins}
    if filed.joins:
        sentences = [
            operator.text("Request {request} of district {district_id} queued together with request {other}.", **values)
        ]
    else:
        sentences = [operator.text("Request {request} of district {district_id} queued.", **values)]
    sentences.append(_describe_estimate(usual))
    if filed.scope.subject == "section" and filed.scope.kind == "district":
        sentences.append(
            operator.text(
                "Class {clever_id} is not known here yet, so the request is for the whole district. The answer "
                "says whether the class was found.",
                clever_id=filed.scope.clever_id,
            )
        )
    if filed.district_state == "disconnected":
        sentences.append(
            operator.text("Clever did not show the district at the last try. The answer says whether it is back.")
        )
    if filed.is_behind:
        sentences.append(
            operator.text("A sync is running that may have read Clever before this. The next one answers it.")
        )
    else:
        sentences.append(operator.text("A running daemon (make dev) starts it within seconds."))
    return " ".join(sentences)


def _describe_estimate(usual: Estimate | None) -> str:
    if usual is None:
        return operator.text("No estimate yet: this is the first request for this district.")
    median, worst = _seconds(usual.median), _seconds(usual.worst)
    return operator.count(
        "The last request took {median}.",
        "The last {n:,} requests took {median} (at most {worst}).",
        usual.requests,
        median=median,
        worst=worst,
    )


def _seconds(seconds: float) -> str:
    """Return a duration such as `0.8 s`, `4 s`, `3 min 20 s` or `5 h 10 min`."""
    if seconds < 10:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{rest} s"


def _as_json(
    district_id: str, filed: FiledRequest, usual: Estimate | None, answered: Request | None
) -> dict[str, object]:
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


def _wait(engine: Engine, district_id: str, filed: FiledRequest, seconds: float) -> Request:
    """Wait until a request is answered, and return it.

    Raises:
        RosterError: it was not answered in time.
    """
    end = time.monotonic() + seconds
    with err.status(operator.text("Waiting for request {request}", request=filed.id)):
        while True:
            with transaction(engine) as pg:
                request = find_request(pg, filed.id)
            if request.is_answered:
                return request
            if time.monotonic() >= end:
                break
            time.sleep(LOOK_SECONDS)
    raise RosterError(
        operator.text(
            NOT_ANSWERED if request.state == "running" else NOT_STARTED,
            request=filed.id,
            district_id=district_id,
            time=_seconds(seconds),
        )
    )


def _finish(settings: Settings, request: Request, *, as_json: bool) -> int:
    """Show the answer, and return the exit code of the sync that gave it."""
    if request.state != "failed":
        if not as_json:
            say(request.summary or "")
            if request.state == "held":
                say(operator.text(ACTION_NEEDED))
        return {"held": HELD_EXIT, "canceled": CANCELED_EXIT}.get(request.state, 0)
    if not as_json:
        complain(request.summary or "")
    return _exit_code_of(settings, request.sync_id) if request.sync_id else TierRefused.exit_code


def _exit_code_of(settings: Settings, sync_id: int) -> int:
    """Return the exit code of the error with which a sync failed."""
    from roster_pipeline.defs.launch import dagster_instance, read_ended

    with transaction(open_product(settings)) as pg:
        run_id = pg.execute(sa.select(syncs.c.dagster_run_id).where(syncs.c.id == sync_id)).scalar()
    with dagster_instance(settings) as instance:
        return read_ended(instance, str(run_id)).exit_code


def _show(request: Request, zone: str) -> None:
    """Show what a request was for, its times and its answer."""
    place = operator.text("the district")
    if request.scope_clever_id:
        place = operator.text(PLACES.get(request.scope, PLACES["section"]), clever_id=request.scope_clever_id)
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True, justify="right", min_width=4)
    table.add_column(no_wrap=True, min_width=9)
    table.add_column(overflow="fold")
    table.add_row(
        Text(str(request.id)),
        Text(operator.text(STATES[request.state]), style=STYLES.get(request.state, "dim")),
        plain(f"{request.district_name} ({request.district_id}), {place}"),
    )
    table.add_row("", "", plain(_describe_times(request, zone), "dim"))
    if request.summary:
        table.add_row("", "", plain(request.summary))
    out.print(table)


def _describe_times(request: Request, zone: str) -> str:
    filed = operator.time(request.requested_at, zone, datetime.now(UTC))
    parts = [operator.text("filed {time}", time=filed)]
    if request.started_at:
        parts.append(operator.text("started after {time}", time=_after(request, request.started_at)))
    if request.finished_at:
        parts.append(operator.text("answered after {time}", time=_after(request, request.finished_at)))
    return ", ".join(parts)


def _after(request: Request, moment: datetime) -> str:
    return _seconds((moment - request.requested_at).total_seconds())
