"""The commands sandbox, demo and dev: a local Clever, and the product running on it with an embedded PostgreSQL."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from roster_pipeline.cli.demo_product import prepare_product
from roster_pipeline.cli.screen import out, say
from roster_pipeline.cli.sync import finish, renew_after, run_districts, worst
from roster_pipeline.embedded import stop_if_last
from roster_pipeline.messages import operator
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.product.organizations import list_organizations
from roster_pipeline.sandbox.api.server import LOOPBACK, AddressTaken, create_app, listening, running_sandbox, serve
from roster_pipeline.sandbox.data.clever_values import last_upload
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.generate import default_districts, free_teachers
from roster_pipeline.sandbox.data.recorded import load_district
from roster_pipeline.sandbox.data.school_day import school_days
from roster_pipeline.settings import Settings, read_settings

CLIENT = "sandbox"
UI_PORT = 3000
STOP_SECONDS = 20
FOREIGN_VARIABLES = (
    "ROSTER_DATABASE_URL",
    "ROSTER_DAGSTER_DATABASE_URL",
    "ROSTER_ALERT_WEBHOOK_URL",
    "ROSTER_WEB_URL",
    "ROSTER_WEB_DATABASE_URL",
)
"""What the environment may say about a real installation. The demo leaves it out."""
Data = Annotated[
    Path | None,
    typer.Option(
        help="Folder of a district to serve instead, with v3 objects in schools.jsonl, users.jsonl and so on."
    ),
]
Days = Annotated[
    int, typer.Option(min=0, help="School days that have passed, with transfers, new students and renamed classes.")
]

Masked = Annotated[
    bool, typer.Option("--masked", help="Share no name and no email of people, as a district can set it in Clever.")
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
    *,
    masked: Masked = False,
) -> None:
    """Serve a Clever stand-in on this machine until stopped."""
    refuse_taken(port, "--port")
    chosen, url = _districts(data, days, seed), f"http://{LOOPBACK}:{port}"
    _mask(chosen, masked=masked)
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
        prepare_product(settings, invented)
        with transaction(open_product(settings)) as pg:
            chosen = [district.district_id for district in list_organizations(pg) if district.tier == "secure_sync"]
        code = worst(finish(run_districts(settings, chosen), as_json=False), renew_after(settings))
    snapshot = settings.snapshots_folder / "latest.duckdb"
    say("", operator.text("Where to look next:"))
    say(operator.text("  make demo DAYS=1      the same districts one school day later"))
    say(operator.text("  {file}    what was published, with history, for any DuckDB client", file=snapshot))
    say(
        operator.text(
            "  make dev              serves the Clever page at {page} and the Dagster UI at {ui}",
            page=_local_url(settings.web_port),
            ui=_local_url(UI_PORT),
        )
    )
    return code


def dev(
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Dagster UI.")] = UI_PORT,
    sandbox_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Clever sandbox.")] = 4010,
    page_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the Clever page.")] = 3001,
    days: Days = 0,
    *,
    masked: Masked = False,
) -> int:
    """Serve the Dagster UI, its daemon, the Clever page and the Clever sandbox until stopped with Ctrl-C."""
    from roster_pipeline.defs.launch import prepare_home

    refuse_taken(port, "--port")
    refuse_taken(sandbox_port, "--sandbox-port")
    refuse_taken(page_port, "--page-port")
    invented, free = _districts(None, days), free_teachers(days=days, today=last_upload(_now()))
    served = [*invented, free]
    _mask(served, masked=masked)
    with running_sandbox(served, client_id=CLIENT, client_secret=CLIENT, port=sandbox_port, today=_now) as address:
        settings = _local_settings(address.url)
        prepare_product(settings, invented)  # starts the server, which outlives the programs started below
        home = prepare_home(settings)
        sandbox_and_ui = operator.text(
            "Clever sandbox on {url}; the Dagster UI starts on {ui}. Ctrl-C stops everything.",
            url=address.url,
            ui=_local_url(port),
        )
        say(sandbox_and_ui)
        say(_describe_page(page_port, free.name))
        if masked:
            say(operator.text("Clever tells no emails here, so an admin presses Log in with Google instead."))
        _say_how_to_use(address.url)
        try:
            return _serve(settings, home.resolve(), port, page_port)
        finally:
            stop_if_last(settings)


def _mask(districts: Sequence[SandboxDistrict], *, masked: bool) -> None:
    for district in districts:
        district.mask_people(is_masked=masked)


def _describe_page(port: int, free: str) -> str:
    """Return where the Clever page is, and how to log in as a demo person.

    Args:
        free: the heading of the teachers of Clever Library.
    """
    return operator.text(
        "The Clever page is on {page}. Press Log in with Clever there. The sandbox then lists demo people: "
        "a district_admin, who is an admin here, a teacher and a student of each district. Choose one. "
        "To try Clever Library, choose the teacher under {free}, and add classes. The students then log in too.",
        page=_local_url(port),
        free=free,
    )


def _serve(settings: Settings, home: Path, port: int, page_port: int) -> int:
    """Run `dg dev` and the Clever page until `dg dev` ends or a person stops this program.

    `dg dev` runs in the Dagster home, because it warns about the dagster.yaml of any other folder. At level INFO it
    would log every ten seconds that its sensors have nothing to do. Runs print their logs from their own processes.
    """
    from roster_pipeline.defs.launch import project_file

    workspace = project_file("workspace.yaml").resolve()
    dagster = [_script("dg"), "dev", "-w", str(workspace), "-p", str(port), "-h", LOOPBACK, "--log-level", "warning"]
    page = [_script("roster-pipeline"), "web", "--port", str(page_port)]
    environment = {**os.environ, "DAGSTER_HOME": str(home), "ROSTER_HOME": str(settings.home.resolve())}
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.default_int_handler)
    with _running(page, home, environment), _running(dagster, home, environment) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            out.print()
            return 0


@contextmanager
def _running(command: list[str], folder: Path, environment: dict[str, str]) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program in a process group of its own, so that no process of it is left behind."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        command, cwd=folder, env=environment, start_new_session=True
    )
    try:
        yield process
    finally:
        _stop(process)


def _script(name: str) -> str:
    """Return the path of a program that was installed with this one."""
    return str(Path(sys.executable).with_name(name))


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


def _districts(data: Path | None, days: int, seed: int = 20261122) -> list[SandboxDistrict]:
    today = last_upload(_now())
    if data is None:
        return default_districts(seed, days, today)
    district = load_district(data, today - timedelta(days=days))
    school_days(district, days)
    return [district]


def _local_settings(url: str) -> Settings:
    """Return settings with the sandbox for Clever and the embedded server for the product, for child processes too."""
    os.environ.update(_environment(url) | _google_environment(url))
    for variable in FOREIGN_VARIABLES:
        os.environ.pop(variable, None)
    if shutil.which("git") is None:
        os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    return read_settings()


def _local_url(port: int) -> str:
    return f"http://{LOOPBACK}:{port}"


def _environment(url: str) -> dict[str, str]:
    return {
        "ROSTER_CLEVER_API_URL": url,
        "ROSTER_CLEVER_AUTH_URL": url,
        "ROSTER_CLEVER_CLIENT_ID": CLIENT,
        "ROSTER_CLEVER_CLIENT_SECRET": CLIENT,
    }


def _google_environment(url: str) -> dict[str, str]:
    """Return the settings with which the page logs people in at the sandbox's Google."""
    return {
        "ROSTER_WEB_GOOGLE_URL": f"{url}/google",
        "ROSTER_WEB_GOOGLE_CLIENT_ID": CLIENT,
        "ROSTER_WEB_GOOGLE_CLIENT_SECRET": CLIENT,
    }
