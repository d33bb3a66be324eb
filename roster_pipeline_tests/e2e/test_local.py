"""The commands sandbox and dev, from a checkout and from a wheel: their output, and what they refuse."""

import os
import signal
import socket
import subprocess
import sys
import time
import venv
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from roster_pipeline_tests.support.scripts import (
    complaint,
    script,  # noqa: F401 - fixtures
)

PATIENCE = 240
"""Seconds. A busy machine takes long to start three interpreters."""
SETTINGS = ("ROSTER_CLEVER_API_URL", "ROSTER_CLEVER_AUTH_URL", "ROSTER_CLEVER_CLIENT_ID", "ROSTER_CLEVER_CLIENT_SECRET")
DEV_PORTS = ("--port", "--sandbox-port", "--page-port")
LOADED = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"


@pytest.fixture
def taken():
    """A port on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


@pytest.fixture
def free():
    """Three ports that nobody listens on."""
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        return [server.getsockname()[1] for server in servers]


@pytest.fixture
def wheel(pytestconfig, tmp_path):
    """The console script of the wheel, in an environment with what is installed here and nothing of the checkout."""
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", tmp_path / "dist", pytestconfig.rootpath]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    if "hatchling" in built.stderr:
        pytest.skip("the package index cannot be reached, so that no wheel can be built")
    assert built.returncode == 0, built.stderr
    (file,) = (tmp_path / "dist").glob("*.whl")
    venv.create(tmp_path / "venv", symlinks=True)
    (packages,) = (tmp_path / "venv/lib").glob("python*/site-packages")
    # The folder itself, without the line in it that leads to the checkout.
    (packages / "dependencies.pth").write_text(str(Path(httpx.__file__).parents[1]))
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            tmp_path / "venv/bin/python",
            "install",
            "-q",
            "--no-deps",
            "--ignore-installed",
            file,
        ],
        check=True,
    )
    (tmp_path / "venv/bin/dg").write_text(
        f"#!{tmp_path}/venv/bin/python\nfrom dagster_dg_cli.cli import main\nmain()\n"
    )
    (tmp_path / "venv/bin/dg").chmod(0o700)
    return tmp_path / "venv/bin/roster-pipeline"


def until(condition, process):
    """What it gives, once it gives something, as long as the process lives."""
    end = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, process.communicate()
        try:
            if found := condition():
                return found
        except httpx.HTTPError:
            pass
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.2)


@pytest.mark.parametrize("arguments", [*(("dev", option) for option in DEV_PORTS), ("sandbox", "--port")], ids=" ".join)
def test_taken_port_exits_2_before_anything_starts(
    script,
    taken,
    free,
    tmp_path,
    arguments,
):
    others = [option for option in DEV_PORTS if arguments[0] == "dev" and option != arguments[1]]
    given = [value for pair in zip(others, free, strict=False) for value in pair]
    ended = script(*arguments, taken, *given, ROSTER_HOME=str(tmp_path / "new"))
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"Port {taken} is in use by another program" in complaint(ended)
    assert arguments[1] in complaint(ended)
    assert not (tmp_path / "new").exists()
    assert ended.stdout == ""


def test_wheel_serves_the_ui_and_a_day_from_an_empty_folder(wheel, free, tmp_path):
    port, sandbox_port, page_port = free
    (tmp_path / "empty").mkdir()
    variables = {name: value for name, value in os.environ.items() if not name.startswith(("ROSTER_", "DAGSTER_"))}
    with subprocess.Popen(
        [
            *(wheel, "dev", "--days", "1", "--port", str(port)),
            *("--sandbox-port", str(sandbox_port), "--page-port", str(page_port)),
        ],
        cwd=tmp_path / "empty", env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        graphql, sandbox = f"http://127.0.0.1:{port}/graphql", f"http://127.0.0.1:{sandbox_port}"
        try:
            answer = until(lambda: httpx.post(graphql, json={"query": LOADED}, timeout=30), process).json()
            day = httpx.post(f"{sandbox}/sandbox/day", timeout=30)
            login = until(lambda: httpx.get(f"http://127.0.0.1:{page_port}/login/clever"), process)
            people = httpx.get(login.headers["location"])
            token = httpx.get(f"{sandbox}/oauth/tokens?owner_type=district", auth=("sandbox", "sandbox"))
        finally:
            process.send_signal(signal.SIGINT)
            said, complained = process.communicate(timeout=PATIENCE)
    assert answer["data"]["workspaceOrError"]["locationEntries"] == [
        {"name": "roster_pipeline", "loadStatus": "LOADED"}
    ]
    assert process.returncode == 0, complained
    assert [f"  export {name}=" in said for name in SETTINGS] == [True] * 4
    assert f"curl -X POST {sandbox}/sandbox/day" in said
    assert f"The Clever page is on http://127.0.0.1:{page_port}." in said
    assert [f"({role})" in people.text for role in ("district_admin", "teacher", "student")] == [True] * 3
    assert (day.status_code, token.status_code) == (200, 200)
    assert sorted(path.name for path in (tmp_path / "empty").iterdir()) == [".roster"]
