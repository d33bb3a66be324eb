"""More people than the page can serve read so in plain words, and nobody loses a connection or an act."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy.exc import TimeoutError as PoolTimeout

from roster_pipeline.web.overload import POOL, Admission, kind_of
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person

IN_USE = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"


@pytest.mark.parametrize(
    ("path", "kind"),
    [("/auth/clever/callback", "login"), ("/home", "login"), ("/clever", "screen"), ("/static/a/b.css", "other")],
)
def test_logins_have_places_of_their_own(path, kind):
    assert kind_of(path) == kind


def test_a_place_is_free_again_after_the_answer():
    admission = Admission({"screen": 1, "login": 1, "other": 1})
    with admission.admit("/clever") as first, admission.admit("/clever") as second, admission.admit("/home") as login:
        assert (first, second, login) == (True, False, True)
    with admission.admit("/clever") as next_one:
        assert next_one


def test_a_request_without_a_place_reads_when_to_come_back(site, browser, monkeypatch):
    browser.log_in(person(site.towns[0], "staff"))
    form = browser.get("/clever")
    monkeypatch.setattr(site.app, "_admission", Admission({"screen": 0, "login": 0, "other": 0}))
    screen, press = browser.get("/clever"), browser.submit("/clever/updates", form)

    assert (screen.status_code, press.status_code) == (503, 503)
    assert "Many people are here right now" in screen.text
    assert 2 <= int(screen.headers["retry-after"]) <= 8
    assert screen.headers["refresh"] == screen.headers["retry-after"]
    assert "refresh" not in press.headers  # A form is never sent again by itself.
    assert site.value("select count(*) from roster.refresh_requests") == 0


def test_a_request_without_a_connection_reads_so(site, browser, monkeypatch):
    def refuse(*_arguments, **_more):
        raise PoolTimeout

    browser.log_in(person(site.towns[0], "staff"))
    monkeypatch.setattr(site.app._app.state.web.engine.pool, "connect", refuse)
    answer = browser.get("/clever/classes")
    assert (answer.status_code, "retry-after" in answer.headers) == (503, True)


def test_many_screens_at_once_use_few_connections(site, browser, new_browser):
    browser.log_in(person(site.towns[0], "staff"))
    askers = [new_browser() for _ in range(3 * POOL["pool_size"])]
    for asker in askers:
        asker.cookies.update(browser.cookies)
    before = site.value(IN_USE)
    with ThreadPoolExecutor(len(askers)) as threads:
        answers = [threads.submit(asker.get, "/clever/students") for asker in askers * 2]
        most = max(site.value(IN_USE) for _ in range(20))
        statuses = {answer.result().status_code for answer in answers}

    assert statuses == {200}
    assert most - before <= POOL["pool_size"]
