"""A district admin says that a near match of the fix list is another person, and takes it back."""

from collections import namedtuple
from itertools import count

import pytest

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person
from roster_pipeline_tests.support.page_people import account_of
from roster_pipeline_tests.support.stages import preview_by_stages

ACCOUNT = """
    insert into roster.accounts (email, first_name, last_name, role)
    values (:email, 'Ned', 'Before', 'teacher') returning id
"""
NUMBERS = count(31)
FILED = "select count(*) from roster.corrections where kind = 'different'"
AUDITED = "select count(*) from roster.web_audit where act = 'mark_different'"
LINKED = """
    select concat_ws(', ', l.rule, coalesce(a.email, 'no email'))
    from roster.identity_links as l join roster.accounts as a on a.id = l.account_id
    where l.clever_id = :person and l.unlinked_at is null
"""
DECIDED_AT = "select decided_at from roster.reviews where reason = 'near_match' and clever_id = :key"
PATH = "/clever/fix/different"
NearMatch = namedtuple("NearMatch", ["key", "name", "email", "number", "account"])


@pytest.fixture
def near(site):
    """A new teacher whose email is nearly that of an account. Only a preview has read the teacher yet."""
    number, town = next(NUMBERS), site.towns[0]
    email = f"near.match{number}@example.org"
    account = site.value(ACCOUNT, email=email)
    key = town.teacher(number, f"Near{number}", "Match", email=f"nearmatch{number}@example.org")
    preview_by_stages(site.settings, site.product, town.id)
    yield NearMatch(key, f"Near{number} Match", email, number, account)
    town.leave(key)


@pytest.fixture
def admin(site, near, browser):
    browser.log_in(person(site.towns[0], "staff"))
    return browser


def work(site):
    run_corrections(site.product, lambda: site.time.now)


def test_the_decision_is_filed_once_and_leaves_the_list(site, near, admin):
    shown, before, audited = admin.get("/clever/fix"), site.value(FILED), site.value(AUDITED)
    answers = [admin.submit(PATH, shown) for _ in range(2)]
    waiting = admin.get("/clever/fix").text
    work(site)
    done, after = admin.get(answers[0].headers["location"]).text, admin.get("/clever/fix")

    assert site.value(DECIDED_AT, key=near.key) == site.time.now
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert (site.value(FILED), site.value(AUDITED)) == (before + 1, audited + 1)
    assert [text in waiting for text in ("Your decision waits its turn.", "Decided: another person")] == [True, True]
    assert "No update gives this person that account, even if the emails become equal." in done
    assert "Emails that nearly match" not in after.text
    assert [text in after.text for text in (near.key, near.email, "Take back")] == [True] * 3
    assert near.email not in admin.get("/clever/fix.csv").text

    sync = site.value("select max(sync_id) from roster.corrections where kind = 'different'")
    admin.submit(f"/clever/syncs/{sync}/undo", after)
    work(site)
    again = admin.get("/clever/fix").text
    assert (f'name="person" value="{near.key}"' in again, f"Take back: {near.key}" in again) == (True, False)


def test_a_stale_list_changes_nothing_and_is_shown_anew(site, admin):
    shown, before = admin.get("/clever/fix"), site.value(FILED)
    foreign = account_of(site, person(site.towns[1], "teacher"))
    forms = [{"account": str(key), "form_token": f"t{key}"} for key in (foreign, 999_999_999, "x")]
    answers = [admin.submit(PATH, shown, **fields) for fields in forms]

    assert [answer.status_code for answer in answers] == [409] * 3
    assert {"This list has changed since. Nothing was changed." in answer.text for answer in answers} == {True}
    assert site.value(FILED) == before


def test_other_districts_and_roles_decide_nothing(site, near, admin, new_browser):
    shown, before = admin.get("/clever/fix"), site.value(FILED)
    stranger, teacher = new_browser(), new_browser()
    stranger.log_in(person(site.towns[1], "staff"))
    teacher.log_in(person(site.towns[0], "teacher"))
    form = {"form_token": "t", "person": near.key, "account": str(near.account)}
    csrf = {"csrf": token_of(stranger.get("/clever/fix"))}

    assert stranger.post(PATH, data={**form, **csrf}).status_code == 409
    assert teacher.post(PATH, data=form).status_code == 403
    assert (shown.status_code, site.value(FILED)) == (200, before)


def test_no_update_links_the_two_by_an_equal_email(site, near, admin):
    admin.submit(PATH, admin.get("/clever/fix"))
    work(site)
    site.towns[0].teacher(near.number, *near.name.split(), email=near.email)
    site.sync(site.towns[0])
    shown = admin.get("/clever/fix")

    assert site.value(LINKED, person=near.key) == "created, no email"
    assert site.value("select count(*) from roster.reviews where state = 'open'") == 0
    assert [text in shown.text for text in (near.name, near.email, "Take back")] == [True] * 3
    assert "Emails that nearly match" not in shown.text


def token_of(page):
    return page.text.partition('name="csrf" value="')[2].partition('"')[0]
