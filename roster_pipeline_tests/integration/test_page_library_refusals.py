"""Clever refuses or does not answer a Library teacher. Nothing is lost, and the token is in no record."""

import logging
import re

import pytest
import sqlalchemy as sa

from roster_pipeline.product.tables import metadata
from roster_pipeline.web.library_tokens import TokenVault, read_token
from roster_pipeline.web.worker import sweep_all
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import Browser
from roster_pipeline_tests.support.page_library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import account_of, choose, enter, update, work

LOG_IN = "Clever asks you to log in again before it updates."
BLOCKED = "Clever no longer lets us see your classes. Everything here stays."
NO_ANSWER = "Clever did not answer. Nothing was changed."
TOKENS = "select count(*) from roster.library_tokens where account_id = :account"
KEPT = ("rosters", "roster_teachers", "roster_students", "library_classes", "org_memberships", "accounts")
SECTIONS, STUDENTS = "/v3.1/users/", "/v3.1/sections/"


@pytest.fixture(scope="module")
def account(site, town):
    """The account of a teacher who has one class here."""
    choose(site, enter(site, town.key("teacher")), town.key("section", 1))
    return account_of(site, town.key("teacher"))["id"]


@pytest.fixture
def teacher(site, town, account):
    """A browser of this teacher after a fresh login, without an update that waits."""
    site.go_wrong()
    browser = enter(site, town.key("teacher"))
    site.execute("update roster.refresh_requests set state = 'failed' where state = 'queued'")
    site.execute("update roster.refresh_requests set requested_at = requested_at - interval '2 hours'")
    return browser


def rows(site):
    """Return a digest of the classes and the people."""
    texts = (f"select md5(string_agg(t::text, ' ' order by t::text)) from roster.{name} as t" for name in KEPT)
    return [site.value(text) for text in texts]


@pytest.mark.parametrize("path", [SECTIONS, STUDENTS])
def test_a_token_that_dies_asks_for_a_login_and_goes_on(site, town, account, teacher, path):
    """The second path is in the middle of the update."""
    before = rows(site)
    site.go_wrong((path, 0, "401"))
    screen = update(site, teacher)
    tokens, after = site.value(TOKENS, account=account), rows(site)
    classes = teacher.get("/clever/classes").text
    site.go_wrong()
    again = re.search(r'href="(/login/clever\?next=/clever/updates/\d+)"', screen.text)
    assert again is not None
    answer = teacher.log_in(town.key("teacher"), again[1].replace("&amp;", "&"))
    newer = teacher.get(answer.headers["location"])
    work(site)
    done = teacher.get(newer.headers["location"]).text

    assert LOG_IN in screen.text
    assert LOG_IN in classes
    assert (tokens, after) == (0, before)
    # One click asks Clever, and the screen goes on with the update of the new login.
    assert newer.status_code == 303
    assert "No changes. Everything already matches Clever." in done


@pytest.mark.parametrize("status", ["403", "404"])
def test_a_block_by_the_district_keeps_everything(site, account, teacher, status):
    before = rows(site)
    site.go_wrong((SECTIONS, 0, status), (STUDENTS, 0, status))
    screen = update(site, teacher)

    assert BLOCKED in screen.text
    assert (site.value(TOKENS, account=account), rows(site)) == (0, before)
    assert BLOCKED in teacher.get("/clever/classes").text


def test_without_an_answer_of_clever_no_class_is_chosen(site, town, account, teacher):
    form, before = teacher.get("/clever/library"), rows(site)
    site.go_wrong((SECTIONS, 0, "503"))
    shown = teacher.get("/clever/library").text
    saved = teacher.submit("/clever/library", form)

    assert NO_ANSWER in shown
    assert (saved.status_code, NO_ANSWER in saved.text) == (409, True)
    assert rows(site) == before
    assert site.value(TOKENS, account=account) == 1


@pytest.mark.parametrize(("status", "sentence"), [("401", LOG_IN), ("403", BLOCKED)])
def test_a_refusal_on_the_screen_of_the_classes_is_said(site, account, teacher, status, sentence):
    site.go_wrong((SECTIONS, 0, status))
    screen = teacher.get("/clever/library").text

    assert sentence in screen
    assert '<a class="button primary" href="/login/clever?next=/clever/library">' in screen
    assert site.value(TOKENS, account=account) == 0


def test_a_refusal_when_saving_is_said_once(site, teacher):
    form = teacher.get("/clever/library")
    site.go_wrong((SECTIONS, 0, "403"))
    saved = teacher.submit("/clever/library", form)

    assert (saved.status_code, BLOCKED in saved.text, LOG_IN in saved.text) == (409, True, False)


def test_a_press_without_a_token_leads_to_clever(site, account, teacher):
    form = teacher.get("/clever/classes")
    site.execute("delete from roster.library_tokens where account_id = :account", account=account)
    answer = teacher.submit("/clever/updates", form)

    assert answer.headers["location"] == "/login/clever?next=/clever/classes"
    assert LOG_IN in teacher.get("/clever/classes").text


def test_a_request_without_a_token_is_answered(site, account, teacher):
    pressed = teacher.submit("/clever/updates", teacher.get("/clever/classes"))
    site.execute("delete from roster.library_tokens where account_id = :account", account=account)
    work(site)

    assert LOG_IN in teacher.get(pressed.headers["location"]).text


def test_a_token_lives_a_day_at_most(site, account, teacher):
    vault = TokenVault("x" * 40)
    with site.product.begin() as pg:
        now = site.time.now
        young = read_token(pg, vault, account, now)
        other = read_token(pg, TokenVault("y" * 40), account, now)
    site.execute("update roster.library_tokens set at = at - interval '24 hours'")
    with site.product.begin() as pg:
        old = read_token(pg, vault, account, now)
    sweep_all(site.product, now)

    assert (bool(young), other, old) == (True, None, None)
    assert site.value(TOKENS, account=account) == 0


def test_the_row_of_one_teacher_serves_no_other_one():
    vault = TokenVault("x" * 40)
    sealed = vault.encrypt(1, "token")
    assert (vault.decrypt(1, sealed), vault.decrypt(2, sealed), vault.decrypt(1, b"")) == ("token", None, None)


def test_the_token_is_in_no_log_no_table_and_no_error(site, town, account, teacher, caplog):
    """A whole journey with faults: a login, updates that Clever refuses, breaks and answers, and a log-out."""
    caplog.set_level(logging.DEBUG)
    with site.product.begin() as pg:
        token = read_token(pg, TokenVault("x" * 40), account, site.time.now)
    assert token is not None
    screens = []
    for fault in ((STUDENTS, 0, "html"), (STUDENTS, 0, "cut"), (STUDENTS, 0, "403"), None):
        if fault:
            site.go_wrong(fault)
            screens.append(update(site, teacher).text)
        else:
            site.go_wrong()
        screens.append(teacher.get("/clever/library").text)
    with site.product.connect() as pg:
        tables = [
            str(pg.execute(sa.select(sa.func.string_agg(sa.cast(table.table_valued(), sa.Text), "\\n"))).scalar())
            for table in metadata.tables.values()
        ]
    teacher.submit("/logout", teacher.get("/clever/classes"))
    files = [file.read_bytes() for file in site.settings.home.rglob("*") if file.is_file()]

    assert len(tables) > 20
    assert token not in caplog.text
    assert not [text for text in (*screens, *tables) if token in text]
    assert not [content for content in files if token.encode() in content]
    assert Browser(site).get("/clever/classes").status_code == 303
