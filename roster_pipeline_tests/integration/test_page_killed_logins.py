"""The program of the page is killed during a login: nothing of the login is left, and a new login works."""

import sys
from urllib.parse import urlsplit

import httpx
import pytest

from roster_pipeline.web.screens import login
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import Browser, person
from roster_pipeline_tests.support.page_library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import account_of
from roster_pipeline_tests.support.page_programs import running_page

DYING_PAGE = """
import os, signal, sys
from importlib import import_module
from roster_pipeline.cli import main

module, name, moment = sys.argv.pop(1).split(":")
place = import_module(module)
call = getattr(place, name)

def die(*arguments, **more):
    if moment == "after":
        call(*arguments, **more)
    os.kill(os.getpid(), signal.SIGKILL)

setattr(place, name, die)
main()
"""
PARTS = ("web_sessions", "web_identities", "refresh_requests", "corrections", "accounts", "syncs", "library_tokens")
COUNTS = f"select array[{', '.join(f'(select count(*) from roster.{part})' for part in PARTS)}]"
WHOLE = """
    select count(*) from roster.identity_links as l
    inner join roster.org_memberships as m on m.account_id = l.account_id and m.ended_at is null
    inner join roster.changes as c on c.entity = 'accounts' and c.key = jsonb_build_object('id', l.account_id)
    where l.clever_id = :key and l.unlinked_at is null
"""


def kill_in_login(site, folder, place, user_id):
    """Log a person in at a page that kills itself there. Return the path of the callback and the cookies."""
    command = (sys.executable, "-c", DYING_PAGE, place)
    with (
        running_page(site.settings, folder, program=command) as page,
        httpx.Client(base_url=page.url, timeout=60) as visitor,
    ):
        location = visitor.get("/login/clever").headers["location"]
        address = Browser(site).authorize(location, user_id)
        with pytest.raises(httpx.TransportError):
            visitor.get(address)
        parts = urlsplit(address)
        return f"{parts.path}?{parts.query}", dict(visitor.cookies)


@pytest.mark.parametrize(
    "place",
    [
        pytest.param("roster_pipeline.web.screens.login:enter_with_clever:before", id="after_the_exchange"),
        pytest.param("roster_pipeline.web.login.entry:begin_login:after", id="before_the_session_is_saved"),
    ],
)
def test_a_killed_login_leaves_nothing_half_done(site, tmp_path, browser, monkeypatch, place):
    student, before = person(site.towns[0], "student"), site.value(COUNTS)
    path, cookies = kill_in_login(site, tmp_path, place, student)
    left = site.value(COUNTS)
    browser.cookies.update(cookies)
    monkeypatch.setattr(login, "WAIT_SECONDS", 0.0)
    again = browser.get(path).headers["location"]
    entered = browser.get(browser.authorize(again, student))

    assert left == before
    assert "/oauth/authorize?" in again
    assert (entered.headers["location"], browser.get("/home").status_code) == ("/home", 200)


def test_a_killed_first_library_login_leaves_a_whole_account(site, town, tmp_path, browser):
    teacher = town.teacher(60, "Kil", "Led")
    kill_in_login(site, tmp_path, "roster_pipeline.web.login.entry:make_account:after", teacher)
    account, tokens = account_of(site, teacher)["id"], site.value("select count(*) from roster.library_tokens")
    whole = site.value(WHOLE, key=teacher)
    entered = browser.log_in(teacher)

    assert (whole, tokens) == (1, 0)
    assert (entered.status_code, account_of(site, teacher)["id"]) == (303, account)
    assert browser.get("/clever/library").status_code == 200
