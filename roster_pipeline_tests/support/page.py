"""Two synced districts, the sandbox that logs their people in, and the Clever page with a browser."""

import re
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy import Engine
from starlette.testclient import TestClient

from roster_pipeline.product.database import connect, transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.sandbox.api.server import running_sandbox
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.web import create_app
from roster_pipeline_tests.support.server import TEMPLATE, execute_apart, named
from roster_pipeline_tests.support.stages import sync_by_stages
from roster_pipeline_tests.support.town import Town, clever_id

URL = "http://127.0.0.1:3001"
CLIENT = {"client_id": "app-for-tests", "client_secret": "never-shown-anywhere"}
MAKE_ADMIN = """
    with person as (
        insert into roster.accounts (email, first_name, last_name, role) values (:email, 'Jordan', 'Lee', 'admin')
        returning id
    )
    insert into roster.org_memberships (organization_id, account_id, role, is_admin)
    select o.id, person.id, 'admin', true from person, roster.organizations as o where o.clever_district_id = :district
    returning account_id
"""
FOREIGN = 1_000_000
"""From here on an id is one of the second district, in every table."""
FAR_IDS = """
    select count(setval(oid::regclass, greatest(:first, nextval(oid::regclass)))) from pg_class
    where relkind = 'S' and relnamespace = 'roster'::regnamespace
"""
NUMBERS = count(1)


@dataclass
class Time:
    """A clock that a test moves."""

    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def pass_by(self, **span: float) -> None:
        self.now += timedelta(**span)


@dataclass
class Site:
    """One installation of the page.

    Attributes:
        towns: the two districts. Their admins are the staff members number 1.
        time: the clock of the page and of the sandbox's codes.
    """

    app: Any
    clever: str
    towns: list[Town]
    product: Engine
    settings: Settings
    time: Time

    def go_wrong(self, *faults: tuple[str, int, str]) -> None:
        """Replace the faults of the sandbox. A fault is a path prefix, the number of the request, and a kind."""
        rows = [dict(zip(("path_prefix", "nth", "kind"), fault, strict=True)) for fault in faults]
        httpx.post(f"{self.clever}/sandbox/faults", json=rows).raise_for_status()

    def execute(self, statement: str, **values: object) -> None:
        with transaction(self.product) as pg:
            pg.execute(sa.text(statement), values)

    def value(self, query: str, **values: object) -> Any:
        with transaction(self.product) as pg:
            return pg.execute(sa.text(query), values).scalar()

    def sync(self, town: Town) -> None:
        sync_by_stages(self.settings, self.product, town.id)


class Browser(TestClient):
    """A browser of one person. It follows no redirect by itself."""

    def __init__(self, site: Site) -> None:
        super().__init__(site.app, base_url=URL, follow_redirects=False)
        self.clever = site.clever

    def authorize(self, location: str, user_id: str, **more: str) -> str:
        """Choose a person at the sandbox. Return the address of the callback."""
        answer = httpx.get(location, params={**_query(location), "user": user_id, **more})
        assert answer.status_code == 303, answer.text
        return answer.headers["location"]

    def callback(self, user_id: str, start: str = "/login/clever", **more: str) -> str:
        """Press *Log in with Clever*, and return the address of the callback."""
        return self.authorize(self.get(start).headers["location"], user_id, **more)

    def log_in(self, user_id: str, start: str = "/login/clever", **more: str) -> httpx.Response:
        """Log in with Clever, and return the answer to the callback."""
        return self.get(self.callback(user_id, start, **more))

    def log_in_with_google(self, user_id: str, start: str = "/login/google", **more: str) -> httpx.Response:
        """Log in with Google, and return the answer to the callback."""
        return self.get(self.authorize(self.get(start).headers["location"], user_id, **more))

    def press_icon(self, user_id: str) -> httpx.Response:
        """Press the icon in Clever's portal: a code arrives that nobody here requested."""
        query = {"response_type": "code", "client_id": CLIENT["client_id"]}
        address = httpx.URL(f"{self.clever}/oauth/authorize").copy_merge_params(
            query | {"redirect_uri": f"{URL}/auth/clever/callback"}
        )
        return self.get(self.authorize(str(address), user_id))

    def submit(self, path: str, page: httpx.Response, **fields: str) -> httpx.Response:
        """Send the form of a page that leads to a path."""
        form = re.search(rf'<form method="post" action="{path}".*?</form>', page.text, re.S)
        assert form, f"no form for {path}"
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', form[0]))
        return self.post(path, data={**hidden, **fields})

    @property
    def session(self) -> str | None:
        return self.cookies.get("s")


def _query(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@contextmanager
def _settings(database_url: str, clever: str, home: str):
    values = {
        "ROSTER_HOME": home,
        "ROSTER_DATABASE_URL": database_url,
        "ROSTER_CLEVER_API_URL": clever,
        "ROSTER_CLEVER_AUTH_URL": clever,
        "ROSTER_CLEVER_CLIENT_ID": CLIENT["client_id"],
        "ROSTER_CLEVER_CLIENT_SECRET": CLIENT["client_secret"],
        "ROSTER_WEB_SECRET": "x" * 40,
        "ROSTER_WEB_GOOGLE_URL": f"{clever}/google",
        "ROSTER_WEB_GOOGLE_CLIENT_ID": CLIENT["client_id"],
        "ROSTER_WEB_GOOGLE_CLIENT_SECRET": CLIENT["client_secret"],
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value)
        yield read_settings()


def _make_town(number: int) -> Town:
    """Return a town with a class of teacher 1 and student 1, and with a staff member 1."""
    town = Town(number)
    town.staff(1)
    people = [town.teacher(1, f"Tea{number}", f"Cher{number}")], [town.student(1, f"Stu{number}", f"Dent{number}")]
    town.section(1, teachers=people[0], students=people[1], name=f"Algebra {number}")
    return town


@pytest.fixture(scope="module")
def site(server_url, tmp_path_factory):
    """Two synced districts with one admin each, one sandbox and one application for the tests of a module."""
    name, time, minutes = f"page_{next(NUMBERS)}", Time(), count(step=60)
    towns = [_make_town(1), _make_town(2)]
    execute_apart(server_url, f"create database {name} template {TEMPLATE}")
    url = named(server_url, name)
    product = connect(url)
    with ExitStack() as stack:
        clocks = {"clock": lambda: float(next(minutes)), "login_clock": lambda: time.now.timestamp()}
        clever = stack.enter_context(running_sandbox(towns, **CLIENT, **clocks)).url
        home = str(tmp_path_factory.mktemp("home"))
        plain = url.replace("postgresql+psycopg://", "postgresql://")
        settings = stack.enter_context(_settings(plain, clever, home))
        app = create_app(settings, now=lambda: time.now)
        made = Site(app, clever, towns, product, settings, time)
        for town in towns:
            with transaction(product) as pg:
                connect_district(pg, town.id, name=town.name, tier="secure_sync")
            made.sync(town)
            made.execute(MAKE_ADMIN, email=town.person(person(town, "staff"))["email"], district=town.id)
            made.value(FAR_IDS, first=FOREIGN)
        yield made
    product.dispose()
    execute_apart(server_url, f"drop database {name} with (force)")


@pytest.fixture
def new_browser(site):
    """Return a function that opens another browser. The sandbox has no faults at first."""
    site.go_wrong()
    return lambda: Browser(site)


@pytest.fixture
def browser(new_browser):
    return new_browser()


def person(town: Town, role: str, number: int = 1) -> str:
    """Return the Clever id of a person of a town."""
    return clever_id(town.number, role, number)
