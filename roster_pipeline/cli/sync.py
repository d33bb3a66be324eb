"""The commands sync and plan: bring districts from Clever to the product, or preview that."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from roster_pipeline.clever import clever_access
from roster_pipeline.cli.districts import shown_by_clever
from roster_pipeline.cli.report import Report, read_report, show_reports
from roster_pipeline.cli.screen import AsJson, complain, err, show_json
from roster_pipeline.errors import CannotStart, DistrictUnknown, RosterError, is_interruption
from roster_pipeline.messages import operator
from roster_pipeline.model.text import make_label
from roster_pipeline.product.database import open_product, share_district, transaction
from roster_pipeline.product.organizations import list_nightly_organizations, list_organizations
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.snapshot import renew_snapshot

Mode = Literal["auto", "full", "delta"]
Districts = Annotated[
    list[str] | None,
    typer.Option("--district", metavar="ID", help="Clever's ID of a district; may be given several times."),
]
OneDistrict = Annotated[str, typer.Option("--district", metavar="ID", help="Clever's ID of the district.")]
SYNC, PLAN = "sync_roster", "plan_roster"


def register(app: typer.Typer) -> None:
    app.command("sync")(sync)
    app.command("plan")(plan)


def sync(
    district: Districts = None,
    mode: Annotated[
        Mode,
        typer.Option(
            help="full: read every list. delta, auto: read only what changed, or every list where that is not enough."
        ),
    ] = "auto",
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> int:
    """Sync these districts through Dagster (all active secure_sync ones if none is named) and wait.

    Exit: 0 published · 3 something is on hold · 4 Clever not usable, nothing changed ·
    6 PostgreSQL not usable, nothing changed · 2 bad call or setting
    """
    settings = read_settings()
    reports = run_districts(settings, district or _connected(settings), mode=mode)
    return worst(finish(reports, as_json=as_json), renew_after(settings))


def plan(district: OneDistrict, as_json: AsJson = False) -> int:  # noqa: FBT002 - a flag of the command line
    """Preview a sync of one district: show what it would change, without changing anything.

    Exit: 0 · 3 a sync would put something on hold · 4 Clever not usable · 6 PostgreSQL not usable.
    """
    return finish(run_districts(read_settings(), [district], job=PLAN), as_json=as_json)


def finish(reports: Sequence[Report], *, as_json: bool) -> int:
    """Show the outcome of each district, and return the most severe of their exit codes."""
    if as_json:
        show_json([report.as_json() for report in reports])
    else:
        show_reports(reports, datetime.now(UTC))
        for report in reports:
            if report.failure:
                complain(f"{report.district_id}: {report.failure}")
    return worst(*(report.exit_code for report in reports))


def worst(*codes: int) -> int:
    """Return the most severe of some exit codes."""
    return max(codes, key=_severity, default=0)


def renew_after(settings: Settings) -> int:
    """Bring the analysts' database up to date after syncs, which stand if that fails. Return the exit code."""
    from roster_pipeline.defs.launch import dagster_instance
    from roster_pipeline.defs.snapshot import report_pass

    try:
        result = renew_snapshot(settings, open_product(settings), at=datetime.now(UTC), warn=complain)
        with dagster_instance(settings) as instance:
            report_pass(instance, result)
    except RosterError as error:
        complain(str(error))
        return error.exit_code
    return 0


def run_districts(
    settings: Settings, district_ids: Sequence[str], *, job: str = SYNC, mode: Mode = "auto"
) -> list[Report]:
    """Run the job for one district after the other, each with a progress bar. A failure does not stop the next one."""
    from roster_pipeline.definitions import defs
    from roster_pipeline.defs.launch import add_partition, dagster_instance, run_sync

    resolved = defs.resolve_job_def(job)
    steps = len(list(resolved.asset_layer.executable_asset_keys))
    clever_access(settings)  # refuses a missing setting before a run starts
    names = _connected_names(settings, district_ids)
    reports = []
    with dagster_instance(settings) as instance, _bars() as bars:
        tasks = {
            district_id: bars.add_task(
                make_label(names[district_id]), total=steps, stage=operator.text("waiting"), start=False
            )
            for district_id in district_ids
        }

        def run_one(district_id: str) -> Report:
            add_partition(instance, district_id)
            warn_if_sync_is_running(settings, district_id)
            task = tasks[district_id]
            bars.start_task(task)
            said: dict[str, Any] = {"name": names[district_id], "on_step": _advance(bars, task), "mode": mode}
            ended = run_sync(instance, resolved, district_id, **said)
            return read_report(settings, district_id, ended, published=job == SYNC)

        for district_id, task in tasks.items():
            reports.append(_report_of(district_id, names[district_id], run_one))
            bars.update(task, stage=reports[-1].state)
    return reports


def _report_of(district_id: str, name: str, run_one: Callable[[str], Report]) -> Report:
    """Return the outcome of one district. An error is a failure of this district alone."""
    from roster_pipeline.defs.launch import dagster_errors
    from roster_pipeline.sync_errors import failure_line

    try:
        with dagster_errors():
            return run_one(district_id)
    except Exception as error:  # noqa: BLE001 - the next district is not concerned
        if is_interruption(error):
            raise KeyboardInterrupt from None
        code = error.exit_code if isinstance(error, RosterError) else RosterError.exit_code
        return Report(district_id, name, None, "failed", code, failure_line(error))


def warn_if_sync_is_running(settings: Settings, district_id: str) -> None:
    """Print that another sync of the district is running, because this one waits for it."""
    with transaction(open_product(settings)) as pg:
        if not share_district(pg, district_id):
            complain(
                operator.text(
                    "Another sync of district {district_id} is running. This one waits for it to end.",
                    district_id=district_id,
                )
            )


def _bars() -> Progress:
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.completed:>2}/{task.total} {task.fields[stage]}"),
        TimeElapsedColumn(),
        console=err,
        disable=not err.is_terminal,
    )


def _advance(bars: Progress, task: Any) -> Callable[[str, dict[str, Any]], None]:
    def advance(asset: str, metadata: dict[str, Any]) -> None:
        rows = metadata.get("dagster/partition_row_count")
        bars.update(
            task,
            advance=1,
            stage=asset
            if rows is None
            else operator.count("{asset} ({n:,} row)", "{asset} ({n:,} rows)", rows, asset=asset),
        )

    return advance


def _connected(settings: Settings) -> list[str]:
    with transaction(open_product(settings)) as pg:
        chosen = [district.district_id for district in list_nightly_organizations(pg)]
    if not chosen:
        raise CannotStart(
            operator.text(
                "No active district of tier secure_sync is connected. See roster-pipeline districts, then connect one."
            )
        )
    return chosen


def _connected_names(settings: Settings, district_ids: Sequence[str]) -> dict[str, str]:
    with transaction(open_product(settings)) as pg:
        connected = {district.district_id: district.name for district in list_organizations(pg)}
    for district_id in district_ids:
        if district_id not in connected:
            raise DistrictUnknown(
                operator.text(
                    "District {district_id} is not connected. Connected: {connected}. {shown} To connect one: "
                    "roster-pipeline connect DISTRICT_ID --tier secure_sync",
                    district_id=district_id,
                    connected=", ".join(sorted(connected)) or operator.text("none"),
                    shown=shown_by_clever(settings),
                )
            )
    return connected


def _severity(code: int) -> int:
    """Return how severe an exit code is: 0 is best, a hold is milder than a failure, an internal error is worst."""
    return {0: 0, 3: 1, 5: 2, 2: 3, 4: 4, 6: 5}.get(code, 6)
