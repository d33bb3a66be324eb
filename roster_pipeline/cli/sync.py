"""sync, plan: bringing districts from Clever to the product, or looking at it first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Literal

import typer
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from roster_pipeline.clever import clever_access
from roster_pipeline.cli.districts import shown_by_clever
from roster_pipeline.cli.report import Report, read_report, show_reports
from roster_pipeline.cli.screen import AsJson, complain, err, show_json
from roster_pipeline.errors import CannotStart, DistrictUnknown, RosterError, is_interruption
from roster_pipeline.model.text import make_label
from roster_pipeline.product.database import open_product, share_district, transaction
from roster_pipeline.product.organizations import all_organizations, nightly_organizations
from roster_pipeline.settings import Settings, read_settings

Mode = Literal["auto", "full", "delta"]
Districts = Annotated[
    list[str] | None,
    typer.Option("--district", metavar="ID", help="Clever's id of a district; may be given several times."),
]
OneDistrict = Annotated[str, typer.Option("--district", metavar="ID", help="Clever's id of the district.")]
SYNC, PLAN = "sync_roster", "plan_roster"


def register(app: typer.Typer) -> None:
    app.command("sync")(sync)
    app.command("plan")(plan)


def sync(
    district: Districts = None,
    mode: Annotated[
        Mode,
        typer.Option(
            help="full: every list to its end. delta, auto: what Clever's events tell, or full where they may not do."
        ),
    ] = "auto",
    as_json: AsJson = False,  # noqa: FBT002 - a flag of the command line
) -> int:
    """Run the Dagster job for these districts (all active secure_sync ones if none is named) and wait.

    Exit: 0 published · 3 something is held for a person · 4 Clever not usable, nothing changed ·
    6 PostgreSQL not usable, nothing changed · 2 bad call or setting
    """
    settings = read_settings()
    return finish(run_districts(settings, district or _connected(settings), mode=mode), as_json=as_json)


def plan(district: OneDistrict, as_json: AsJson = False) -> int:  # noqa: FBT002 - a flag of the command line
    """Say what a sync of a district would change. Nothing is written to the product.

    Exit: 0 · 3 a sync would hold something for a person · 4 Clever not usable · 6 PostgreSQL not usable.
    """
    return finish(run_districts(read_settings(), [district], job=PLAN), as_json=as_json)


def finish(reports: Sequence[Report], *, as_json: bool) -> int:
    """Show what came of each district; the exit code is that of the one that fared worst."""
    if as_json:
        show_json([report.as_json() for report in reports])
    else:
        show_reports(reports)
        for report in reports:
            if report.failure:
                complain(f"{report.district_id}: {report.failure}")
    return max((report.exit_code for report in reports), key=_severity, default=0)


def run_districts(
    settings: Settings, district_ids: Sequence[str], *, job: str = SYNC, mode: Mode = "auto"
) -> list[Report]:
    """Run the job for one district after the other, a bar each; one that fails does not stop the next."""
    from roster_pipeline.definitions import defs
    from roster_pipeline.defs.launch import add_partition, dagster_instance, run_sync

    resolved = defs.resolve_job_def(job)
    steps = len(list(resolved.asset_layer.executable_asset_keys))
    clever_access(settings)  # a missing setting is told before a run is begun
    names = _connected_names(settings, district_ids)
    reports = []
    with dagster_instance(settings) as instance, _bars() as bars:
        tasks = {
            one: bars.add_task(make_label(names[one]), total=steps, stage="waits", start=False) for one in district_ids
        }

        def run_one(district_id: str) -> Report:
            add_partition(instance, district_id)
            say_if_it_waits(settings, district_id)
            task = tasks[district_id]
            bars.start_task(task)
            said: dict[str, Any] = {"name": names[district_id], "on_step": _advance(bars, task), "mode": mode}
            ended = run_sync(instance, resolved, district_id, **said)
            return read_report(settings, district_id, ended, published=job == SYNC)

        for one in tasks:
            reports.append(_report_of(one, names[one], run_one))
            bars.update(tasks[one], stage=reports[-1].state)
    return reports


def _report_of(district_id: str, name: str, run_one: Callable[[str], Report]) -> Report:
    """What came of one district; whatever went wrong is a failure of this district alone."""
    from roster_pipeline.defs.launch import dagster_errors
    from roster_pipeline.sync_errors import failure_line

    try:
        with dagster_errors():
            return run_one(district_id)
    except Exception as error:  # noqa: BLE001 - the next district has no part in it
        if is_interruption(error):
            raise KeyboardInterrupt from None
        code = error.exit_code if isinstance(error, RosterError) else RosterError.exit_code
        return Report(district_id, name, None, "failed", code, failure_line(error))


def say_if_it_waits(settings: Settings, district_id: str) -> None:
    """Whoever comes second for a district waits, and would wonder why."""
    with transaction(open_product(settings)) as pg:
        if not share_district(pg, district_id):
            complain(f"Another sync of district {district_id} is running; this one waits for it to end.")


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
        if warning := metadata.get("warning"):
            complain(str(warning))
        rows = metadata.get("dagster/partition_row_count")
        bars.update(task, advance=1, stage=asset if rows is None else f"{asset} ({rows:,} rows)")

    return advance


def _connected(settings: Settings) -> list[str]:
    with transaction(open_product(settings)) as pg:
        chosen = [one.district_id for one in nightly_organizations(pg)]
    if not chosen:
        raise CannotStart(
            "No active district of tier secure_sync is connected. See roster-pipeline districts, then connect one."
        )
    return chosen


def _connected_names(settings: Settings, district_ids: Sequence[str]) -> dict[str, str]:
    with transaction(open_product(settings)) as pg:
        connected = {one.district_id: one.name for one in all_organizations(pg)}
    for one in district_ids:
        if one not in connected:
            raise DistrictUnknown(
                f"District {one} is not connected. Connected: {', '.join(sorted(connected)) or 'none'}. "
                f"{shown_by_clever(settings)} To connect one: roster-pipeline connect DISTRICT_ID --tier secure_sync"
            )
    return connected


def _severity(code: int) -> int:
    """0 is best; what is held is milder than what failed; a fault of ours is worst."""
    return {0: 0, 3: 1, 5: 2, 2: 3, 4: 4, 6: 5}.get(code, 6)
