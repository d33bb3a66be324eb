"""The commands sandbox, demo and dev: a local Clever, and the product running on it with an embedded PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import sqlalchemy as sa
import typer
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.cli.connect import connect_here
from roster_pipeline.cli.districts import shared_districts
from roster_pipeline.cli.screen import out, say
from roster_pipeline.cli.sync import finish, run_districts
from roster_pipeline.embedded import stop_if_last
from roster_pipeline.messages import operator
from roster_pipeline.model.feed import District
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import list_organizations
from roster_pipeline.product.tables import accounts
from roster_pipeline.sandbox.api.server import LOOPBACK, AddressTaken, create_app, listening, running_sandbox, serve
from roster_pipeline.sandbox.data.clever_values import last_upload
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.generate import default_districts
from roster_pipeline.sandbox.data.recorded import load_district
from roster_pipeline.sandbox.data.school_day import school_days
from roster_pipeline.settings import Settings, read_settings

CLIENT = "sandbox"
SIGN_UP_INTERVAL = 10
"""Of every tenth person, the teachers have an account when the demo begins."""
STOP_SECONDS = 20
Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder of a district to serve instead, with v3 objects in schools.jsonl, users.jsonl and so on."
    ),
]
Days = Annotated[
    int, typer.Option(min=0, help="School days that have passed, with transfers, new students and renamed classes.")
]


def register(app: typer.Typer) -> None:
    app.command("sandbox")(sandbox)
    app.command("demo")(demo)
    app.command("dev")(dev)


def sandbox(
    data: Data = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port on 127.0.0.1.")] = 4010,
    days: Days = 0,
    seed: Annotated[int, typer.Option(help="Another seed generates other districts.")] = 20261122,
) -> None:
    """Serve a Clever stand-in on this machine until stopped."""
    refuse_taken(port, "--port")
    chosen, url = _districts(data, days, seed), f"http://{LOOPBACK}:{port}"
    names = ", ".join(f"{district.name} ({district.id})" for district in chosen)
    say(operator.text("Clever sandbox on {url}: {districts}", url=url, districts=names))
    _say_how_to_use(url)
    serve(create_app(chosen, client_id=CLIENT, client_secret=CLIENT, today=_now), LOOPBACK, port)


def demo(days: Days = 0) -> int:
    """Sync the sandbox's districts through Dagster into the embedded PostgreSQL, and show what was published."""
    invented = _districts(None, days)
    with running_sandbox(invented, client_id=CLIENT, client_secret=CLIENT) as address:
        settings = _local_settings(address.url)
        home = settings.home.resolve()
        say(operator.text("PostgreSQL and all other files of this demo are in {folder}.", folder=home))
        _prepare_product(settings, invented)
        with transaction(open_product(settings)) as pg:
            chosen = [district.district_id for district in list_organizations(pg) if district.tier == "secure_sync"]
        code = finish(run_districts(settings, chosen), as_json=False)
    snapshot = settings.snapshots_folder / "latest.duckdb"
    say("", operator.text("Where to look next:"))
    say(operator.text("  make dev              the Dagster UI: asset graph, one partition a district, one run a sync"))
    say(operator.text("  make demo DAYS=1      the same districts one school day later"))
    say(operator.text("  {file}    what was published, with history, for any DuckDB client", file=snapshot))
    return code


def dev(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI.")] = 3000,
    sandbox_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Clever sandbox.")] = 4010,
    days: Days = 0,
) -> int:
    """Serve the Dagster UI, its daemon and the Clever sandbox until stopped with Ctrl-C."""
    from roster_pipeline.defs.launch import prepare_home

    refuse_taken(port, "--port")
    refuse_taken(sandbox_port, "--sandbox-port")
    invented = _districts(None, days)
    with running_sandbox(invented, client_id=CLIENT, client_secret=CLIENT, port=sandbox_port, today=_now) as address:
        settings = _local_settings(address.url)
        _prepare_product(settings, invented)  # starts the server, which outlives the programs started below
        home = prepare_home(settings)
        say(
            operator.text(
                "Clever sandbox on {url}; the Dagster UI starts on {ui}. Ctrl-C stops both.",
                url=address.url,
                ui=f"http://{LOOPBACK}:{port}",
            )
        )
        _say_how_to_use(address.url)
        try:
            return _serve_dagster(settings, home.resolve(), port)
        finally:
            stop_if_last(settings)


def _serve_dagster(settings: Settings, home: Path, port: int) -> int:
    """Run `dg dev` in a process group of its own, so that no process is left behind.

    It runs in the Dagster home, because it warns about the dagster.yaml of any other folder. At level INFO it would log
    every ten seconds that its sensors have nothing to do. Runs print their logs from their own processes.
    """
    from roster_pipeline.defs.launch import project_file

    dg = Path(sys.executable).with_name("dg")
    workspace = project_file("workspace.yaml").resolve()
    command = [str(dg), "dev", "-w", str(workspace), "-p", str(port), "-h", LOOPBACK, "--log-level", "warning"]
    environment = {**os.environ, "DAGSTER_HOME": str(home), "ROSTER_HOME": str(settings.home.resolve())}
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=home, env=environment, start_new_session=True
    )
    try:
        return process.wait()
    except KeyboardInterrupt:
        out.print()
        return 0
    finally:
        _stop(process)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Interrupt the whole process group, then terminate and kill it if it does not end."""
    for sign, seconds in ((signal.SIGINT, STOP_SECONDS), (signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, sign)
            process.wait(seconds)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


def refuse_taken(port: int, option: str) -> None:
    """Check that a port is free before anything starts.

    Raises:
        AddressTaken: another program listens on the port.
    """
    try:
        listening(LOOPBACK, port).close()
    except AddressTaken:
        raise AddressTaken(
            operator.text(
                "Port {port} is in use by another program. Stop that program, or give another {option}.",
                port=port,
                option=option,
            )
        ) from None


def _say_how_to_use(url: str) -> None:
    """Show what another terminal needs to run commands against the sandbox."""
    say(operator.text("In another terminal:"))
    for name, value in _environment(url).items():
        say(f"  export {name}={value}")
    say(operator.text("To add a school day while it runs: {command}", command=f"curl -X POST {url}/sandbox/day"))


def _now() -> datetime:
    """Return the current time, which is the last day of the sandbox."""
    return datetime.now(UTC)


def _prepare_product(settings: Settings, districts: Sequence[SandboxDistrict]) -> None:
    """Prepare a product as it is before its first sync: with users of its own and connected districts."""
    _sign_up_some_teachers(settings, districts)
    _connect_all(settings)


def _connect_all(settings: Settings) -> None:
    """Connect every district of the sandbox that is not connected yet."""
    with transaction(open_product(settings)) as pg:
        connected = {district.district_id for district in list_organizations(pg)}
    for district in shared_districts(settings).values():
        if isinstance(district, District) and district.id not in connected:
            connect_here(settings, district, "secure_sync")


def _sign_up_some_teachers(settings: Settings, districts: Sequence[SandboxDistrict]) -> None:
    """Create accounts for some teachers of each district, if the product has no accounts yet."""
    teachers = [
        {"email": user["email"], "first_name": name.get("first"), "last_name": name.get("last"), "role": "teacher"}
        for district in districts
        for user in list(district.resources["users"].values())[::SIGN_UP_INTERVAL]
        if "teacher" in user["roles"] and user.get("email") and (name := user["name"])
    ]
    with transaction(open_product(settings)) as pg:
        if not pg.execute(sa.select(accounts.c.id).limit(1)).first():
            pg.execute(insert(accounts).on_conflict_do_nothing(index_elements=["email"]), teachers)


def _districts(data: Path | None, days: int, seed: int = 20261122) -> list[SandboxDistrict]:
    today = last_upload(_now())
    if data is None:
        return default_districts(seed, days, today)
    district = load_district(data, today - timedelta(days=days))
    school_days(district, days)
    return [district]


def _local_settings(url: str) -> Settings:
    """Return settings with the sandbox for Clever and the embedded server for the product, for child processes too."""
    os.environ.update(_environment(url))
    for variable in ("ROSTER_DATABASE_URL", "ROSTER_DAGSTER_DATABASE_URL", "ROSTER_ALERT_WEBHOOK_URL"):
        os.environ.pop(variable, None)
    if shutil.which("git") is None:
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    return read_settings()


def _environment(url: str) -> dict[str, str]:
    return {
        "ROSTER_CLEVER_API_URL": url,
        "ROSTER_CLEVER_AUTH_URL": url,
        "ROSTER_CLEVER_CLIENT_ID": CLIENT,
        "ROSTER_CLEVER_CLIENT_SECRET": CLIENT,
    }
