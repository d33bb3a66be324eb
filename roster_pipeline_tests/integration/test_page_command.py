"""The command web: it serves the page until it is stopped, and refuses in one line."""

import os
import signal
import socket
import subprocess
from contextlib import suppress

import httpx
import pytest

from roster_pipeline_tests.support.scripts import (
    SCRIPT,
    complaint,
    script,  # noqa: F401 - fixtures
    wait_until,
)


@pytest.fixture
def port():
    """Return a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


@pytest.mark.parametrize("workers", [1, 2])
def test_page_is_served_until_it_is_stopped(workers, environment, product, port, tmp_path):
    command = [str(SCRIPT), "web", "--port", str(port), "--workers", str(workers)]
    with (tmp_path / "out").open("w") as out, (tmp_path / "err").open("w") as err:
        page = subprocess.Popen(command, cwd=tmp_path, stdout=out, stderr=err, env=dict(os.environ))
        try:

            def is_up():
                assert page.poll() is None, (tmp_path / "err").read_text()
                with suppress(httpx.TransportError):
                    return httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
                return False

            wait_until(is_up)
            login = httpx.get(f"http://127.0.0.1:{port}/login/clever?next=/secret-place")
            assert login.headers["location"].startswith(environment["ROSTER_CLEVER_AUTH_URL"])
            assert "server" not in login.headers
        finally:
            page.send_signal(signal.SIGTERM)
            code = page.wait(120)
    assert code == 0
    assert f"The Clever page is on http://127.0.0.1:{port}." in (tmp_path / "out").read_text()
    assert "secret-place" not in (tmp_path / "err").read_text()
    assert "Traceback" not in (tmp_path / "err").read_text()


def test_public_page_without_a_secret_is_refused(script, product):
    refused = script("web", ROSTER_WEB_URL="https://page.example.org")
    assert (refused.returncode, complaint(refused).startswith("ROSTER_WEB_SECRET is not set.")) == (2, True)


def test_page_on_a_taken_port_is_refused(script, product, port):
    with socket.create_server(("127.0.0.1", port)):
        refused = script("web", ROSTER_WEB_PORT=str(port))
    assert (refused.returncode, f"Port {port} is in use" in complaint(refused)) == (2, True)
