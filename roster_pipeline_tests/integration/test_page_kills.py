"""Programs are killed: a decision is done wholly or not at all, and the page and the syncs go on without each other."""

import os
import signal
import subprocess
import sys

import httpx
import pytest

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person
from roster_pipeline_tests.support.page_programs import running_page

KILLED_WORKER = """
import os, signal
from datetime import UTC, datetime
from roster_pipeline.corrections import handlers, queue
from roster_pipeline.product.database import open_product
from roster_pipeline.settings import read_settings

def decide_and_die(*arguments, **more):
    decide_plan(*arguments, **more)
    os.kill(os.getpid(), signal.SIGKILL)
decide_plan, handlers.decide_plan = handlers.decide_plan, decide_and_die
settings = read_settings()
queue.run_corrections(open_product(settings), lambda: datetime.now(UTC))
"""
KILLED_SYNC = """
import os, signal, sys
from roster_pipeline import pipeline
from roster_pipeline.product.database import open_product
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.stages import sync_by_stages

pipeline.publish = lambda *_arguments, **_more: os.kill(os.getpid(), signal.SIGKILL)
settings = read_settings()
sync_by_stages(settings, open_product(settings), sys.argv[1])
"""
PLAN = "select left(plan_digest, 12) from roster.holds where state = 'open' order by id desc limit 1"
DECIDED = "select array_agg(state order by id) from roster.corrections where kind = 'approve'"
FILED = "select count(*) from roster.refresh_requests"
LIVE = """
    select count(*) from roster.org_memberships as m inner join roster.organizations as o on o.id = m.organization_id
    where m.role = 'student' and m.ended_at is null and o.clever_district_id = :district
"""


@pytest.fixture
def admin(site, browser):
    browser.log_in(person(site.towns[0], "staff"))
    return browser


def kill_program(script, *arguments):
    """Run a program that kills itself. Return its exit code."""
    command = [sys.executable, "-c", script, *arguments]
    return subprocess.run(command, env=dict(os.environ), capture_output=True).returncode


def test_a_worker_killed_in_an_approval_decides_once_later(site, admin):
    town = site.towns[0]
    town.leave(*(person(town, "student", number) for number in range(100, 105)))
    site.sync(town)
    plan, live = site.value(PLAN), site.value(LIVE, district=town.id)
    press = admin.submit(f"/clever/holds/{plan}/approve", admin.get(f"/clever/holds/{plan}"))
    code = kill_program(KILLED_WORKER)
    left = (site.value(PLAN), site.value(FILED), site.value(DECIDED))
    run_corrections(site.product, lambda: site.time.now)
    screen = admin.get(press.headers["location"]).text

    again = admin.submit(f"/clever/holds/{plan}/approve", admin.get(f"/clever/holds/{plan}"))
    for _ in range(2):
        run_corrections(site.product, lambda: site.time.now)
    site.sync(town)

    assert (code, left) == (-signal.SIGKILL, (plan, 0, ["running"]))
    assert "Nothing was changed" in screen
    assert again.headers["location"] != press.headers["location"]
    assert (site.value(PLAN), site.value(FILED), site.value(DECIDED)) == (None, 1, ["failed", "done"])
    assert site.value(LIVE, district=town.id) == live - 5


def test_page_and_syncs_go_on_without_each_other(site, admin, tmp_path):
    town = site.towns[1]
    admin.log_in(person(town, "staff"))
    cookies, newcomer = dict(admin.cookies), town.student(80, "New", "Comer")
    with running_page(site.settings, tmp_path) as page, httpx.Client(base_url=page.url, cookies=cookies) as browser:
        code = kill_program(KILLED_SYNC, town.id)
        screens = [browser.get(path).status_code for path in ("/clever", "/clever/students", "/readyz")]
        page.kill()
        with pytest.raises(httpx.TransportError):
            browser.get("/clever")
        site.sync(town)
    with running_page(site.settings, tmp_path) as page, httpx.Client(base_url=page.url, cookies=cookies) as browser:
        found = browser.get("/clever/students?q=new+comer").text

    assert (code, screens) == (-signal.SIGKILL, [200, 200, 200])
    assert town.person(newcomer)["email"] in found
