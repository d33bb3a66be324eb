"""A person in front of the Clever page: log in, look at screens, and keep their pictures."""

import os
import re
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from starlette.routing import Route

from roster_pipeline.web.screens import SCREENS
from roster_pipeline_tests.support.scripts import SCRIPT

PICTURES = Path(__file__).parents[2] / ".screenshots"
"""Where a person can look at the screens after the tests. Git ignores the folder."""
PATIENCE = 240
"""Seconds. A busy machine takes long to start the programs."""
WCAG = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")
WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 320, "height": 700}
ZOOMED = {"width": 640, "height": 450}
"""What a screen of 1280 px has at a zoom of 200 %."""
SIDEWAYS = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@dataclass(frozen=True)
class Installation:
    """The addresses of the running programs, and the folder that they work in.

    Attributes:
        is_masked: the districts share no names and emails of people.
    """

    page: str
    sandbox: str
    folder: Path
    is_masked: bool = False


@dataclass
class Visitor:
    """One browser. `complaints` are the errors of its console, which hold each violation of the page's CSP."""

    installation: Installation
    page: Page
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._note)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def go(self, path: str) -> int:
        """Open a path of the page. Return the status."""
        answer = self.page.goto(self.installation.page + path)
        assert answer is not None
        return answer.status

    def log_in(self, role: str) -> None:
        """Log in with Clever as the first person of a role in the first district.

        Where Clever tells no emails, it opens no account of an admin, so the admin logs in with Google.
        """
        if self.installation.is_masked and role == "district_admin":
            self.go("/login")
            self.page.get_by_role("link", name="Log in with Google").click()
            self.page.get_by_role("listitem").first.get_by_role("link").click()
        else:
            self._choose_clever()
            self.page.locator("ul").first.get_by_role("link", name=f"({role})").click()
        self.page.wait_for_url(f"{self.installation.page}/**")

    def log_in_as(self, clever_id: str) -> None:
        """Log in with Clever as a person, whom the sandbox may not list."""
        self._choose_clever()
        self.choose(clever_id)

    def choose(self, clever_id: str) -> None:
        """Be this person at the sandbox, whose login is open."""
        self.page.goto(f"{self.page.url}&user={clever_id}")

    def press_icon(self, clever_id: str) -> None:
        """Press the icon in Clever's portal: a code arrives that nobody here requested."""
        query = {"response_type": "code", "client_id": "sandbox", "user": clever_id}
        query["redirect_uri"] = f"{self.installation.page}/auth/clever/callback"
        self.page.goto(f"{self.installation.sandbox}/oauth/authorize?{urlencode(query)}")

    def wait_for_answer(self) -> str:
        """Wait until the update of the open screen has ended. Return its sentences."""
        self.page.wait_for_selector("#progress:not([hx-get])", state="attached", timeout=PATIENCE * 1000)
        return self.page.locator("#answer").inner_text()

    def _choose_clever(self) -> None:
        self.go("/login")
        self.page.get_by_role("link", name="Log in with Clever").click()

    def count_students(self) -> int:
        """Return the number of students that the Overview shows."""
        self.go("/clever")
        tile = self.page.get_by_role("link", name=re.compile("^[0-9,]+ students$"))
        return int(tile.inner_text().split()[0].replace(",", ""))

    def links(self) -> set[str]:
        """Return the paths of the page that the screen leads to."""
        found = self.page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)")
        parts = [urlsplit(link.partition("#")[0]) for link in found if link.startswith(self.installation.page)]
        return {f"{part.path}?{part.query}" if part.query else part.path for part in parts}

    def violations(self) -> list[str]:
        """Return what axe finds against WCAG 2.2 AA, with the elements."""
        results = Axe().run(self.page, options={"runOnly": {"type": "tag", "values": list(WCAG)}})
        return [
            f"{violation['id']}: {node['html'][:160]}"
            for violation in results.response["violations"]
            for node in violation["nodes"]
        ]

    def keep_picture(self, name: str) -> None:
        """Write the whole screen to a file."""
        PICTURES.mkdir(exist_ok=True)
        prefix = "masked-" if self.installation.is_masked else ""
        self.page.screenshot(path=PICTURES / f"{prefix}{name}.png", full_page=True)

    def _note(self, message) -> None:
        # A refusal is an error of the console too, and the tests ask for refusals.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.complaints.append(message.text)


def read_clever(installation: Installation, path: str) -> list[dict[str, Any]]:
    """Return the records of a list that Clever gives of the first district."""
    with httpx.Client(base_url=installation.sandbox) as clever:
        tokens = clever.get("/oauth/tokens", params={"owner_type": "district"}, auth=("sandbox", "sandbox"))
        clever.headers["Authorization"] = f"Bearer {tokens.json()['data'][0]['access_token']}"
        answer = clever.get(f"/v3.1/{path}", params={"limit": 10000})
        answer.raise_for_status()
        return [record["data"] for record in answer.json()["data"]]


def set_limit(installation: Installation, change: str) -> None:
    """Change a limit of the first district by the command."""
    district_id = read_clever(installation, "districts")[0]["id"]
    variables = os.environ | {"ROSTER_HOME": str(installation.folder / ".roster")}
    command = [str(SCRIPT), "limits", "--district", district_id, "--set", change]
    subprocess.run(command, cwd=installation.folder, env=variables, check=True, capture_output=True)


def pass_a_school_day(installation: Installation) -> None:
    """Let children change classes in Clever."""
    httpx.post(f"{installation.sandbox}/sandbox/day").raise_for_status()


def wait_for_page(url: str, process) -> None:
    """Wait until the page answers."""
    end = time.monotonic() + PATIENCE
    while True:
        assert process.poll() is None, "the programs ended"
        assert time.monotonic() < end, "the page did not start"
        try:
            if httpx.get(f"{url}/login").status_code == 200:
                return
        except httpx.HTTPError:
            time.sleep(0.3)


def get_routes() -> list[Route]:
    """Return the routes of all screens that only read."""
    return [route for screen in SCREENS for route in screen.ROUTES if "GET" in (route.methods or ())]


def route_of(path: str) -> str | None:
    """Return the pattern of the route that answers a path, or None if no screen does."""
    plain = path.partition("?")[0]
    return next((route.path for route in get_routes() if route.path_regex.match(plain)), None)


def picture_name(role: str, path: str) -> str:
    """Return a file name for the screen of a path."""
    return f"{role}-{re.sub('[^a-z]+', '-', path.partition('?')[0].lower()).strip('-') or 'start'}"
