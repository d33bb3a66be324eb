"""The threads of the page that run the updates of Library teachers: at most two at once, and each teacher once."""

from threading import Event, Lock

import pytest

from roster_pipeline.errors import SourceBroken, TokenRefused
from roster_pipeline.product.database import SECTION_LOCKS, district_lock, name_section_lock, name_teacher_lock
from roster_pipeline.web import library_worker
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import Browser
from roster_pipeline_tests.support.page_library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import account_of, enter
from roster_pipeline_tests.support.scripts import wait_until

WAITING = "select count(*) from roster.refresh_requests where scope = 'library' and state = 'queued'"
CLAIM = (
    "update roster.refresh_requests set state = 'published', finished_at = now() where requested_by_account_id = :id"
)
KILLED = """
    with killed as (
        insert into roster.syncs (organization_id, account_id, dagster_run_id, trigger)
        values (roster.library_organization(), :account, 'killed', 'library') returning id
    )
    update roster.refresh_requests set state = 'running', sync_id = killed.id from killed
    where requested_by_account_id = :account and state = 'queued'
"""


@pytest.fixture
def teachers(site, town):
    """The accounts of four teachers, whose logins have filed an update each."""
    keys = [town.teacher(number) for number in (81, 82, 83, 84)]
    for key in keys:
        enter(site, key)
    return [account_of(site, key)["id"] for key in keys]


def test_a_program_runs_two_updates_at_once_at_most(site, teachers, monkeypatch):
    lock, release, running, most = Lock(), Event(), set(), []

    def run(request):
        with lock:
            assert request.account_id not in running
            running.add(request.account_id)
            most.append(len(running))
        release.wait(30)
        site.execute(CLAIM, id=request.account_id)
        with lock:
            running.discard(request.account_id)

    monkeypatch.setattr(library_worker, "run_library_update", run)
    with Browser(site) as browser:
        wait_until(lambda: len(running) == 2)
        # The screens and the logins do not wait for the updates.
        assert browser.get("/login").status_code == 200
        release.set()
        wait_until(lambda: site.value(WAITING) == 0)

    assert (max(most), len(most)) == (2, 4)


def test_an_update_that_fails_is_not_tried_again_and_again(site, town, teachers, monkeypatch):
    calls = []

    def fail(request):
        calls.append(request.account_id)
        raise SourceBroken("An invented fault before the update began.")

    monkeypatch.setattr(library_worker, "run_library_update", fail)
    updates = library_worker.LibraryUpdates(site.settings, lambda: site.time.now)
    while updates.run_next(site.product):
        pass

    assert sorted(calls) == sorted(teachers)
    assert site.value(WAITING) == 0
    # A new login would not help, because Clever refused nothing.
    screen = enter(site, town.key("teacher", 81)).get("/clever/updates").text
    assert "log in again" not in screen
    site.execute("delete from roster.refresh_requests where state = 'queued'")


def test_a_newer_login_keeps_its_token_and_its_update(site, town, teachers, monkeypatch):
    """An update ends because Clever refuses its token, and the teacher has logged in again meanwhile."""
    requests = []

    def refuse(request):
        requests.append(request)
        site.execute(CLAIM, id=request.account_id)
        if len(requests) == 1:
            enter(site, town.key("teacher", 81))
            raise TokenRefused("Clever no longer accepts the token.")

    site.execute(
        "update roster.refresh_requests set state = 'failed' where requested_by_account_id <> :id", id=teachers[0]
    )
    monkeypatch.setattr(library_worker, "run_library_update", refuse)
    updates = library_worker.LibraryUpdates(site.settings, lambda: site.time.now)
    while updates.run_next(site.product):
        pass

    assert [request.account_id for request in requests] == [teachers[0]] * 2
    assert requests[0].token != requests[1].token
    assert site.value("select count(*) from roster.library_tokens where account_id = :id", id=teachers[0]) == 1


def test_the_token_is_not_in_the_repr_of_an_update(site, teachers, monkeypatch):
    requests = []
    monkeypatch.setattr(library_worker, "run_library_update", requests.append)
    library_worker.LibraryUpdates(site.settings, lambda: site.time.now).run_next(site.product)
    site.execute("update roster.refresh_requests set state = 'failed' where state = 'queued'")

    assert requests[0].token
    assert requests[0].token not in repr(requests[0])


def test_an_update_of_a_killed_program_is_run_again(site, town, teachers):
    """The sync and its request say that they run, and nobody holds the lock of the teacher."""
    account = teachers[0]
    site.execute(KILLED, account=account)
    left = site.settings.landing_folder / name_teacher_lock(account) / "lists" / "students.parquet"
    left.parent.mkdir(parents=True)
    left.write_text("rows with names")
    number = site.value("select max(id) from roster.refresh_requests where requested_by_account_id = :id", id=account)
    state = "select state from roster.refresh_requests where id = :id"
    updates = library_worker.LibraryUpdates(site.settings, lambda: site.time.now)
    with district_lock(site.product, name_teacher_lock(account), on_wait=lambda: None):
        updates.requeue_killed(site.product)
        held = site.value(state, id=number), left.exists()
    updates.requeue_killed(site.product)
    queued = site.value(state, id=number), left.exists()
    while updates.run_next(site.product):
        pass

    assert (held, queued, site.value(state, id=number)) == (("running", True), ("queued", False), "published")
    assert site.value("select state from roster.syncs where dagster_run_id = 'killed'") == "failed"


def test_killed_updates_are_counted_for_each_teacher(site, town, teachers):
    """A third killed update in a row fails the request of its own teacher only."""
    first, second = teachers[:2]
    state = "select array_agg(distinct state) from roster.refresh_requests where requested_by_account_id = :id"
    updates = library_worker.LibraryUpdates(site.settings, lambda: site.time.now)
    for account in (first, second, first):
        site.execute(KILLED.replace("'killed'", f"'killed-{account}-' || random()"), account=account)
        updates.requeue_killed(site.product)
    twice = site.value(state, id=first), site.value(state, id=second)
    site.execute(KILLED.replace("'killed'", "'killed-again'"), account=first)
    updates.requeue_killed(site.product)
    thrice = site.value(state, id=first), site.value(state, id=second)
    while updates.run_next(site.product):
        pass

    assert ("queued" in twice[0], "queued" in twice[1]) == (True, True)
    assert ("queued" in thrice[0], "queued" in thrice[1]) == (False, True)


def test_an_update_of_many_classes_holds_few_locks():
    keys = {name_section_lock(f"{number:024x}") for number in range(5000)}

    assert len(keys) == SECTION_LOCKS
