"""People log in to the Clever page with Clever, over the running sandbox and real PostgreSQL."""

import pytest

from roster_pipeline.web.login.clever import User, decode_answer
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person

STAFF_EMAIL = "staff1@town2.example.org"
LIVE = "select count(*) from roster.web_sessions where ended_at is null"
AUTHORIZE = "/oauth/authorize?"


@pytest.mark.parametrize(
    ("role", "landing", "name"),
    [("staff", "/clever", "Jordan Lee"), ("teacher", "/clever/classes", "Tea1 Cher1"), ("student", "/home", "Stu1")],
)
def test_each_role_logs_in_and_lands(site, browser, role, landing, name):
    answer = browser.log_in(person(site.towns[0], role))

    assert answer.headers["location"] == landing
    assert browser.get("/").headers["location"] == landing
    assert name in browser.get(landing).text


def test_a_login_leads_back_to_the_screen_of_its_link(site, browser):
    start = browser.get("/clever").headers["location"]
    assert start == "/login?next=%2Fclever"
    assert browser.log_in(person(site.towns[0], "staff"), "/login/clever?next=/clever").headers["location"] == "/clever"


def test_a_second_login_replaces_the_session(site, browser):
    browser.log_in(person(site.towns[0], "staff"))
    first = browser.session
    before = site.value(LIVE)
    restart = browser.press_icon(person(site.towns[0], "student"))
    answer = browser.get(browser.authorize(restart.headers["location"], person(site.towns[0], "student")))

    assert answer.headers["location"] == "/home"
    assert browser.session != first
    assert site.value(LIVE) == before
    browser.cookies.clear()
    browser.cookies.set("s", first)
    assert browser.get("/clever").headers["location"].startswith("/login")


def test_a_code_without_a_state_restarts_the_login(site, browser):
    answer = browser.press_icon(person(site.towns[0], "teacher"))

    assert answer.headers["location"].startswith(f"{site.clever}{AUTHORIZE}")
    assert "state=" in answer.headers["location"]
    assert browser.session is None


@pytest.mark.parametrize("has_cookies", [True, False])
def test_restarts_end_in_a_page_and_not_in_a_loop(site, browser, has_cookies):
    answer = browser.press_icon(person(site.towns[0], "teacher"))
    for _ in range(5):
        if answer.status_code != 303:
            break
        address = browser.authorize(answer.headers["location"], person(site.towns[0], "teacher"))
        if has_cookies:
            address = address.replace("state=", "state=0.another-")
        else:
            browser.cookies.clear()
        answer = browser.get(address)

    assert answer.status_code == 400
    assert "That link was a little old" in answer.text


@pytest.mark.parametrize("state", ["", "é", "%00", "x" * 5000])
def test_a_hostile_state_restarts_the_login(site, browser, state):
    browser.get("/login/clever")
    assert browser.get("/auth/clever/callback", params={"code": "c", "state": state}).status_code == 303


def test_a_canceled_login_has_its_page(browser):
    browser.get("/login/clever")
    assert "You were not logged in" in browser.get("/auth/clever/callback?error=access_denied").text


def test_a_code_that_is_too_old_has_its_page(site, browser):
    address = browser.callback(person(site.towns[0], "teacher"))
    site.time.pass_by(seconds=61)
    answer = browser.get(address)

    assert "That link was a little old" in answer.text
    assert browser.session is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [(path, kind) for path in ("/oauth/tokens", "/v3.0/me") for kind in ("500", "html", "empty", "drop")],
)
def test_an_outage_of_clever_has_its_page(site, browser, path, kind):
    address = browser.callback(person(site.towns[0], "teacher"))
    site.go_wrong((path, 0, kind))
    answer = browser.get(address)

    assert (answer.status_code, browser.session) == (502, None)
    assert "Clever did not answer" in answer.text


def test_a_slow_clever_has_its_page(site, browser, monkeypatch):
    address = browser.callback(person(site.towns[0], "teacher"))
    monkeypatch.setattr(site.app._app.state.web.clever, "_timeout", 0.2)
    site.go_wrong(("/oauth/tokens", 0, "delay:1"))

    assert "Clever did not answer" in browser.get(address).text


def test_a_failed_login_ends_the_session_before_it(site, browser):
    browser.log_in(person(site.towns[0], "staff"))
    address = browser.callback(person(site.towns[0], "teacher"))
    site.go_wrong(("/v3.0/me", 0, "500"))
    browser.get(address)

    assert browser.get("/clever").headers["location"].startswith("/login")


def test_a_district_that_is_not_connected_has_its_page(site, browser):
    address = browser.callback(person(site.towns[1], "teacher"))
    site.execute("update roster.organizations set clever_district_id = 'x' where name = 'Town 2'")
    answer = browser.get(address)
    site.execute(
        "update roster.organizations set clever_district_id = :id where clever_district_id = 'x'", id=site.towns[1].id
    )

    assert "Your district is not connected to us yet" in answer.text
    assert browser.session is None


def test_staff_without_a_place_read_whom_to_ask(site, browser):
    answer = browser.log_in(site.towns[0].staff(7))

    assert (answer.status_code, browser.session) == (403, None)
    assert "you have no place here yet" in answer.text


def test_who_logged_out_may_go_on_to_the_own_portal(site, browser):
    portal = "https://portal.town1.example.org/"
    site.execute("update roster.organizations set portal_url = :url where name = 'Town 1'", url=portal)
    browser.log_in(person(site.towns[0], "student"))
    left = browser.get(browser.submit("/logout", browser.get("/home")).headers["location"]).text

    assert f'href="{portal}"' in left
    assert f'href="{portal}"' not in browser.get("/login?logged_out=1").text
    assert "evil.example" not in browser.get("/login?logged_out=https://evil.example").text


def test_values_that_cannot_be_stored_are_dropped():
    answer = b'{"id": "x", "name": {"first": "A\\u0000", "last": "Lind"}, "email": " a\\u0000@b.org"}'
    user = decode_answer(200, answer, User)
    assert (user.name.first, user.name.last, user.email) == (None, "Lind", None)


@pytest.mark.parametrize("character", ["\0", "\x07", "\u200b"])
def test_an_email_that_cannot_be_one_is_refused(site, browser, character):
    answer = browser.log_in(site.towns[0].staff(9, email=f"{character}{STAFF_EMAIL}"))

    assert (answer.status_code, browser.session) == (403, None)
    assert "you have no place here yet" in answer.text


def test_a_person_who_is_shared_no_more_has_the_page(site, browser):
    town = site.towns[0]
    town.student(5)
    site.sync(town)
    town.leave(person(town, "student", 5))
    site.sync(town)
    answer = browser.log_in(person(town, "student", 5), district_id=town.id)

    assert (answer.status_code, browser.session) == (403, None)
    assert "Your school no longer shares you with us" in answer.text


def test_a_person_shared_since_the_update_waits_for_it(site, browser):
    town = site.towns[0]
    answer = browser.log_in(town.student(6))
    waiting = browser.get(answer.headers["location"])

    assert answer.headers["location"] == "/login/waiting"
    assert "Your account is being made" in waiting.text
    assert site.value("select requested_by from roster.refresh_requests") == "login"
    site.sync(town)
    assert browser.get("/login/waiting").headers["location"] == "/"
    assert browser.get("/").headers["location"] == "/home"


@pytest.mark.parametrize(
    ("stop", "reason"),
    [("state = 'paused'", "Updates are paused"), ("operator_disconnected_at = now()", "The district is disconnected")],
)
def test_a_person_without_an_account_reads_that_updates_stopped(site, browser, stop, reason):
    town, number = site.towns[0], "select count(*) from roster.refresh_requests"
    site.execute(f"update roster.organizations set {stop} where clever_district_id = :id", id=town.id)
    before, answer = site.value(number), browser.log_in(town.student(9))
    waiting = browser.get(answer.headers["location"])
    site.execute("update roster.organizations set state = 'active', operator_disconnected_at = null")
    town.leave(person(town, "student", 9))

    assert reason in waiting.text
    assert "until updates go on" in waiting.text
    assert ("being made" in waiting.text, "http-equiv" in waiting.text) == (False, False)
    assert site.value(number) == before
