"""Sessions of the page live on when people ask, end when an operator asks, and are swept; no link leads elsewhere."""

import time

import pytest

from roster_pipeline.product.database import connect, transaction
from roster_pipeline.product.web_logins import end_district_sessions
from roster_pipeline.web.login.attempt import safe_path
from roster_pipeline.web.sessions import sweep_logins
from roster_pipeline.web.visibility import page_transaction
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person

HOSTILE = (
    *("//evil.example", "///evil.example", "\\\\evil.example", "/\\evil.example", "https://evil.example", "http:evil"),
    *("javascript:alert(1)", "data:text/html,x", "/clever//evil.example", "/clever\\..\\x", "/clever?next=//x"),
    *(
        "/clever#x",
        "/clever;x",
        "/clever%2f%2fevil",
        "/clever@evil.example",
        "/clever:80",
        "/clever\n/x",
        "/clever\r\nX: y",
    ),
    *("/clever\t", " /clever", "/clever ", "", "clever", "./clever", "../clever", "/../clever", "/clever/../admin"),
    *("/logout", "/login", "/login/clever", "/auth/clever/callback", "/static/x", "/healthz", "/Clever", "/cleverevil"),
    *("/home.evil", "/classes%00", "/clever\x00", "/clever/é", "/clever/" + "x" * 300, "/home/\u202e"),
)
SESSIONS = "select count(*) from roster.web_sessions where ended_at is null"


@pytest.mark.parametrize("path", HOSTILE, ids=ascii)
def test_a_hostile_link_leads_to_the_start(path):
    assert safe_path(path) == "/"


def test_a_session_lives_on_after_a_press(site, browser):
    browser.log_in(person(site.towns[0], "student"))
    site.time.pass_by(minutes=44)
    warning = browser.get("/session/ending?next=/home")
    answer = browser.submit("/session/extend", warning)
    site.time.pass_by(minutes=44)

    assert "You will be logged out in 2 minutes." in warning.text
    assert answer.headers["location"] == "/home"
    assert browser.get("/home").status_code == 200


def test_the_warning_is_no_use_of_the_session(site, browser):
    browser.log_in(person(site.towns[0], "student"))
    for _ in range(3):
        site.time.pass_by(minutes=15.5)
        last = browser.get("/session/ending")
    assert "delay:" not in last.text
    assert browser.get("/home").headers["location"].startswith("/login")


def test_a_part_of_an_ended_session_leads_to_the_login(browser):
    answer = browser.get("/session/ending")
    assert (answer.status_code, answer.headers["hx-redirect"]) == (204, "/login")


def test_an_operator_ends_the_sessions_of_one_district(site, new_browser):
    here, there = new_browser(), new_browser()
    here.log_in(person(site.towns[0], "teacher"))
    there.log_in(person(site.towns[1], "teacher"))
    with transaction(site.product) as pg:
        ended = end_district_sessions(pg, site.towns[0].id, by="test", at=site.time.now)

    assert ended >= 1
    assert here.get("/clever/classes").headers["location"].startswith("/login")
    assert there.get("/clever/classes").status_code == 200
    assert site.value("select after ->> 'sessions' from roster.web_audit where act = 'end_sessions'") == str(ended)


def test_old_sessions_and_codes_are_swept(site, browser):
    browser.log_in(person(site.towns[0], "teacher"))
    engine = site.app._app.state.web.engine
    with page_transaction(engine) as pg:
        assert sweep_logins(pg, site.time.now) == 0
    site.time.pass_by(days=31)
    with page_transaction(engine) as pg:
        assert sweep_logins(pg, site.time.now) > 1
    left = "select (select count(*) from roster.web_sessions) + (select count(*) from roster.web_codes)"
    assert site.value(left) == 0


def test_a_second_delivery_of_a_failed_code_does_not_wait(site, browser):
    address = browser.callback(person(site.towns[0], "student"))
    cookies = dict(browser.cookies)
    site.go_wrong(("/v3.0/me", 0, "500"))
    browser.get(address)
    browser.cookies.update(cookies)
    began = time.monotonic()
    answer = browser.get(address)

    assert "/oauth/authorize?" in answer.headers["location"]
    assert time.monotonic() - began < 5


def test_people_who_wait_share_one_request(site, new_browser):
    town, requests = site.towns[1], "select count(*) from roster.refresh_requests where requested_by = 'login'"
    site.execute("update roster.refresh_requests set state = 'failed' where state = 'queued'")
    before = site.value(requests)
    for number in (41, 42):
        student = town.student(number)
        for _ in range(2):
            new_browser().log_in(student)
    assert site.value(requests) == before + 1


def test_a_session_that_becomes_a_students_has_its_limits(site, browser):
    town = site.towns[1]
    browser.log_in(town.student(43))
    site.sync(town)
    browser.get("/login/waiting")
    longest = "select max(expires_at - created_at) = interval '8 hours' from roster.web_sessions where clever_id = :id"
    assert site.value(longest, id=person(town, "student", 43))


@pytest.mark.parametrize(
    ("headers", "status", "title"),
    [
        ({"origin": "https://evil.example"}, 403, "This is not yours to see"),
        ({"sec-fetch-site": "cross-site"}, 403, "This is not yours to see"),
        ({"content-length": "999999"}, 413, "This form is too large"),
    ],
)
def test_a_refused_form_has_a_page(site, browser, headers, status, title):
    answer = browser.post("/logout", content=b"", headers=headers)
    assert (answer.status_code, title in answer.text) == (status, True)
    assert "<h1>" in answer.text
    assert "content-security-policy" in answer.headers


@pytest.mark.parametrize("path", ["/home", "/login/waiting", "/", "/readyz"])
def test_a_database_that_is_away_has_its_page(site, browser, monkeypatch, path):
    browser.log_in(person(site.towns[0], "student"))
    monkeypatch.setattr(site.app._app.state.web, "engine", connect("postgresql+psycopg://nobody@127.0.0.1:1/none"))
    answer = browser.get(path)

    assert (answer.status_code, browser.get("/healthz").status_code) == (503, 200)
    assert "We cannot reach our data now" in answer.text
    assert "Your classes are kept." in answer.text


def test_a_login_never_links_to_the_session_before_it(site, browser):
    links = "select md5(string_agg(l::text, ',' order by l.id)) from roster.identity_links as l"
    identities = "select count(*) from roster.web_identities"
    browser.log_in(person(site.towns[0], "teacher"))
    before = site.value(links), site.value(identities)
    restart = browser.press_icon(person(site.towns[0], "student"))
    browser.get(browser.authorize(restart.headers["location"], person(site.towns[0], "student")))
    assert (site.value(links), site.value(identities)) == before


def test_tokens_stand_nowhere_in_plain_text(site, browser, caplog):
    caplog.set_level("DEBUG")
    address = browser.callback(person(site.towns[0], "teacher"))
    browser.get(address)
    browser.get("/clever/why?q=Tea1")
    code = address.split("code=")[1].split("&")[0]
    rows = [
        site.value(f"select string_agg(t::text, ' ') from roster.{table} as t")
        for table in ("web_sessions", "web_codes", "web_audit", "web_identities")
    ]
    own = [record.getMessage() for record in caplog.records if record.name.startswith("roster_pipeline")]
    assert own
    assert not [text for text in (*rows, *own) for secret in (browser.session, code, "Tea1") if secret in (text or "")]


def test_a_slow_screen_stops_no_other_request(site, browser, new_browser, monkeypatch):
    browser.log_in(person(site.towns[0], "staff"))
    other, answers = new_browser(), []
    other.cookies.update(browser.cookies)
    site.time.pass_by(minutes=2)
    renderer = site.app._app.state.web.renderer
    render = renderer.render

    def render_slowly(*values):
        monkeypatch.setattr(renderer, "render", render)
        answers.append(other.get("/clever").status_code)
        answers.append(other.log_in(person(site.towns[0], "teacher")).status_code)
        return render(*values)

    monkeypatch.setattr(renderer, "render", render_slowly)
    assert browser.get("/help").status_code == 200
    assert answers == [200, 303]
