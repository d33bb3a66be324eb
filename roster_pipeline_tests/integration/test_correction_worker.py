"""The worker of filed decisions: all or nothing, once, in the right organization, and after a kill."""

import os
import signal
import subprocess
import sys

import pytest

from roster_pipeline.corrections import handlers
from roster_pipeline.corrections.queue import file_correction, run_corrections
from roster_pipeline.product.database import district_lock, transaction
from roster_pipeline.web import worker
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import Browser
from roster_pipeline_tests.support.scripts import wait_until

ROW = "select to_jsonb(c) from roster.corrections as c where id = :id"
JOURNAL = "select count(*) from roster.changes"
PUBLISHED = "select min(id) from roster.syncs where state = 'published' and organization_id = :own"
HOLD = """
    insert into roster.holds (sync_id, organization_id, plan_digest, reason)
    select max(id), organization_id, md5(max(id)::text || clock_timestamp()::text), 'district_removals'
    from roster.syncs where organization_id = (select max(id) from roster.organizations) group by organization_id
"""
NEWEST = "select * from roster.holds order by id desc limit 1"
END_LOCKS = """
    select count(pg_terminate_backend(l.pid)) from pg_locks as l
    inner join pg_database as d on d.oid = l.database and d.datname = current_database()
    where l.locktype = 'advisory' and l.mode = 'ExclusiveLock' and l.granted
"""
KILLED = """
import os, signal
from datetime import UTC, datetime
from roster_pipeline.corrections import queue
from roster_pipeline.product.database import open_product
from roster_pipeline.settings import read_settings

close = queue._close
def close_and_die(*arguments, **more):
    close(*arguments, **more)
    os.kill(os.getpid(), signal.SIGKILL)
queue._close = close_and_die
settings = read_settings()
queue.run_corrections(open_product(settings), lambda: datetime.now(UTC))
"""


@pytest.fixture
def own(site):
    return site.value("select min(id) from roster.organizations")


@pytest.fixture
def file(site, own):
    """File an undo of the first update of the first organization, and return its number."""

    def filed(organization_id=own, **args):
        with transaction(site.product) as pg:
            values = {"sync": site.value(PUBLISHED, own=own), **args}
            return file_correction(pg, organization_id, "undo", values, requested_by="account:1")

    return filed


def work(site):
    run_corrections(site.product, lambda: site.time.now)


def test_a_killed_worker_changed_nothing_and_says_so(site, file):
    number, journal = file(), site.value(JOURNAL)
    killed = subprocess.run([sys.executable, "-c", KILLED], env=dict(os.environ), capture_output=True)
    running = site.value(ROW, id=number)
    work(site)
    closed = site.value(ROW, id=number)

    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert (running["state"], closed["state"], closed["result"]) == ("running", "failed", {"failure": "killed"})
    assert site.value(JOURNAL) == journal


def test_a_login_that_kills_its_workers_is_closed_in_the_end(site, own, file):
    """The row of a login runs once more after a kill. The next row runs after it."""
    values = {"person": "f" * 24, "account_id": 0, "clever_says": {}}
    with transaction(site.product) as pg:
        login = file_correction(pg, own, "flag", values, requested_by="login")
    number = file(school="f" * 24)
    states = []
    for _ in range(2):
        subprocess.run([sys.executable, "-c", KILLED], env=dict(os.environ), capture_output=True)
        states.append(site.value(ROW, id=login)["state"])
    work(site)

    assert states == ["running", "running"]
    assert (site.value(ROW, id=login)["state"], site.value(ROW, id=number)["state"]) == ("failed", "failed")
    assert site.value(ROW, id=login)["result"] == {"failure": "killed"}


def test_a_decision_waits_while_its_district_is_locked(site, file):
    number = file(school="f" * 24)
    with district_lock(site.product, site.towns[0].id, on_wait=lambda: None):
        work(site)
        waiting = site.value(ROW, id=number)["state"]
    work(site)

    assert (waiting, site.value(ROW, id=number)["state"]) == ("queued", "failed")


def test_a_decision_about_another_district_is_refused(site, own, file):
    other = site.value("select max(id) from roster.organizations")
    number, journal = file(other), site.value(JOURNAL)
    work(site)

    assert site.value(ROW, id=number)["result"] == {"failure": "refused"}
    assert site.value(JOURNAL) == journal


@pytest.mark.parametrize("name", ["id::text", "left(plan_digest, 12)", "plan_digest", "'none'"])
def test_a_plan_of_another_district_is_refused(site, own, name):
    """The row names the plan by the number of its hold, by its first digits, wholly, or it names none."""
    site.execute(HOLD)
    with transaction(site.product) as pg:
        number = file_correction(
            pg, own, "approve", {"plan": site.value(f"select {name} from ({NEWEST}) as h")}, requested_by="account:1"
        )
    work(site)

    assert site.value(ROW, id=number)["result"] == {"failure": "refused"}
    assert site.value(f"select state from ({NEWEST}) as h") == "open"


def test_a_worker_that_loses_its_lock_changes_nothing(site, file, monkeypatch):
    number, journal = file(), site.value(JOURNAL)

    def undo_and_lose(*arguments):
        written = undo(*arguments)
        site.value(END_LOCKS)
        return written

    undo = handlers.HANDLERS["undo"]
    monkeypatch.setitem(handlers.HANDLERS, "undo", undo_and_lose)
    work(site)
    running = site.value(ROW, id=number)["state"]
    monkeypatch.undo()
    work(site)

    assert (running, site.value(ROW, id=number)["result"]) == ("running", {"failure": "killed"})
    assert site.value(JOURNAL) == journal


def test_a_decision_that_fails_does_not_stop_the_next_one(site, file):
    numbers = [file(sync="no number"), file()]
    work(site)
    first, second = (site.value(ROW, id=number) for number in numbers)

    assert (first["result"], second["state"]) == ({"failure": "error"}, "done")
    assert second["sync_id"] == site.value("select max(id) from roster.syncs where mode = 'undo'")


def test_the_program_of_the_page_runs_what_is_filed(site, own, file):
    number = file(school="f" * 24)
    with Browser(site):
        wait_until(lambda: site.value(ROW, id=number)["state"] == "failed")
    assert site.value(ROW, id=number)["result"] == {"failure": "refused"}


def test_the_worker_goes_on_after_an_unexpected_error(site, file, monkeypatch):
    faults, number = ["first look"], file(school="f" * 24)

    def look(*arguments):
        if faults:
            raise LookupError(faults.pop())
        run_corrections(*arguments)

    monkeypatch.setattr(worker, "run_corrections", look)
    monkeypatch.setattr(worker, "RETRY_SECONDS", 0.0)
    with Browser(site):
        wait_until(lambda: site.value(ROW, id=number)["state"] == "failed")
    assert not faults


def test_a_program_without_its_worker_is_not_ready(site, monkeypatch):
    monkeypatch.setattr(worker.PageWorker, "_run", lambda _worker, _work: None)
    with Browser(site) as browser:
        answer = browser.get("/readyz")
    assert (answer.status_code, "Start this program again." in answer.text) == (503, True)
    assert Browser(site).get("/readyz").status_code == 200
