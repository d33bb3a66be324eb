"""The list of schools says the last change of each school, and gives a text for the person who keeps Clever."""

import re

import pytest

from roster_pipeline.web import school_changes
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import clever_id, person
from roster_pipeline_tests.support.page_people import school_admin

CELL = r'<td data-label="Last change">(.*?)</td>'
NEWEST = "select max(id) from roster.syncs"


@pytest.fixture(scope="module")
def changed(site):
    """A student joined School 0 with the newest sync of the first district. Return that sync."""
    site.towns[0].student(40)
    site.sync(site.towns[0])
    return site.value(NEWEST)


def cells(browser):
    return re.findall(CELL, browser.get("/clever/schools").text)


@pytest.fixture
def admin(site, browser):
    browser.log_in(person(site.towns[0], "staff"))
    return browser


def test_each_school_says_its_last_change(changed, admin):
    first, second = cells(admin)

    assert f'href="/clever/syncs/{changed}"' in first
    assert "Added 1 student; removed nothing." in first
    assert "No change in the last updates." in second


def test_of_a_large_update_only_the_time_is_said(changed, admin, monkeypatch):
    monkeypatch.setattr(school_changes, "MOST_CHANGES", 0)
    assert {f'href="/clever/syncs/{changed}">Large update' in cell for cell in cells(admin)} == {True}


def test_a_school_admin_reads_the_change_of_the_school(site, changed, browser):
    with school_admin(site, site.towns[0], "School 0") as key:
        browser.log_in(key)
        (cell,) = cells(browser)
    assert "Added 1 student" in cell


@pytest.mark.parametrize(
    ("school", "sentence"),
    [("School 0", "Added 1 student; removed nothing."), ("School 1", "Nothing changed in your schools.")],
)
def test_a_school_admin_reads_what_updates_did_there(site, changed, browser, school, sentence):
    with school_admin(site, site.towns[0], school) as key:
        browser.log_in(key)
        screens = [browser.get(path).text for path in ("/clever", "/clever/updates", f"/clever/syncs/{changed}")]
    assert [sentence in screen for screen in screens[:2]] == [True, True]
    assert ("Added 1 student" in screens[2]) is (school == "School 0")


def test_the_text_for_the_clever_admin_names_the_clicks(admin):
    page = admin.get("/clever/schools").text
    text = page.partition("<textarea")[2].partition("</textarea>")[0]
    assert [part in text for part in ("Open Applications in Clever", "Edit sharing", clever_id(1, "school", 0))] == [
        True,
        True,
        False,
    ]
