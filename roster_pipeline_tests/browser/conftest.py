"""One installation with its daemon, its sandbox and the Clever page, and Chromium in front of it."""

import os
import shutil
import signal
import socket
import subprocess
from contextlib import ExitStack

import pytest
from playwright.sync_api import sync_playwright

from roster_pipeline_tests.support.browser import PATIENCE, Installation, Visitor, wait_for_page
from roster_pipeline_tests.support.scripts import SCRIPT

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Chromium refuses to run as root with its sandbox. The others keep it from asking hosts outside of this machine."""
FOREIGN = ("ROSTER_", "DAGSTER_")
STOP_SECONDS = 40


def pytest_collection_modifyitems(config, items):
    """With masked people, leave out the tests of the browser whose people do not come from `dev`."""
    if config.getoption("masked"):
        items[:] = [
            item for item in items if "installation" in item.fixturenames or not item.get_closest_marker("browser")
        ]


@pytest.fixture(scope="session")
def chromium():
    """A headless Chromium. Without one the tests are skipped, and they fail in CI, which installs it."""
    if CHROMIUM is None and "CI" in os.environ:
        pytest.fail("Chromium is not installed, and CI must run the browser tests.")
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium).")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def installation(chromium, tmp_path_factory, is_masked):
    """What `make dev` runs in an empty folder: districts that are connected and not yet published, and the daemon."""
    folder = tmp_path_factory.mktemp("installation")
    variables = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    ui, sandbox, page = _free_ports()
    command = [SCRIPT, "dev", "--port", ui, "--sandbox-port", sandbox, "--page-port", page]
    command += ["--masked"] if is_masked else []
    with (folder / "dev.log").open("w") as log:
        process = subprocess.Popen(
            [str(part) for part in command], cwd=folder, env=variables, stdout=log, stderr=log, start_new_session=True
        )
        try:
            started = Installation(f"http://127.0.0.1:{page}", f"http://127.0.0.1:{sandbox}", folder, is_masked)
            wait_for_page(started.page, process)
            yield started
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(STOP_SECONDS)


@pytest.fixture(scope="session")
def published(chromium, installation):
    """The first update of the district, which its admin starts on the page."""
    with chromium.new_context() as context:
        visitor = Visitor(installation, context.new_page())
        visitor.log_in("district_admin")
        checklist = visitor.page.locator("main").inner_text()
        visitor.page.get_by_role("button", name="Start the first update").click()
        return checklist, visitor.wait_for_answer()


@pytest.fixture
def visit(chromium, installation):
    """Return a function that opens another browser, with the options of Playwright's contexts."""
    with ExitStack() as stack:

        def open_browser(**options):
            context = chromium.new_context(**options)
            context.set_default_timeout(PATIENCE * 1000)
            stack.callback(context.close)
            return Visitor(installation, context.new_page())

        yield open_browser


def _free_ports():
    with ExitStack() as stack:
        servers = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(3)]
        return [server.getsockname()[1] for server in servers]
