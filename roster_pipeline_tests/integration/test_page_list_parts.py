"""The pages of a list: how they go on, how many rows there are, and how an admin without a name is named."""

import re

import pytest

from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person
from roster_pipeline_tests.support.page_people import class_of

ARCHIVE = """
    with writer as (select set_config('roster.writer', 'sync', true))
    update roster.rosters set archived_at = now() from writer where name = :name
"""
LISTS = ("/clever/schools", "/clever/teachers", "/clever/classes", "/clever/students")


@pytest.fixture
def admin(site, browser):
    browser.log_in(person(site.towns[0], "staff"))
    return browser


def names_in(answer):
    """Return the names in the first column of a list."""
    return re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', answer.text)


def test_pages_go_on_by_key_and_hold_no_name(site, admin, monkeypatch):
    monkeypatch.setattr("roster_pipeline.web.lists.PAGE_ROWS", 4)
    monkeypatch.setattr("roster_pipeline.web.people.PAGE_ROWS", 4)
    monkeypatch.setattr("roster_pipeline.web.class_list.PAGE_ROWS", 4)
    for start, total in (("/clever/students", 21), ("/clever/students?q=student", 21), ("/clever/classes", 5)):
        names, address = [], start
        while address:
            page = admin.get(address)
            names += names_in(page)
            address = next(iter(re.findall(r'href="([^"]+)">Next page', page.text)), "").replace("&amp;", "&")
            assert "Student1" not in address
        assert len(names) == len(set(names)) == total


def test_a_class_of_many_students_has_pages(site, browser, monkeypatch):
    browser.log_in(person(site.towns[0], "teacher", 100))
    path, names = f"/clever/classes/{class_of(site, 'Class 100')}", []
    whole = names_in(browser.get(path))
    for module in ("lists", "screens.classes"):
        monkeypatch.setattr(f"roster_pipeline.web.{module}.PAGE_ROWS", 2)
    address = path
    while address:
        page = browser.get(address)
        names += names_in(page)
        address = next(iter(re.findall(r'href="([^"]+)">Next page', page.text)), "")

    assert f"2 of {len(whole)}" in browser.get(path).text
    assert names == whole


def test_an_admin_without_a_name_is_named_by_the_email(site, admin, new_browser):
    own, email = class_of(site, "Algebra 1"), site.towns[0].person(person(site.towns[0], "staff"))["email"]
    nameless = "update roster.accounts set first_name = {}, last_name = {} where email = :email"
    teacher = new_browser()
    teacher.log_in(person(site.towns[0], "teacher"))
    admin.submit(f"/clever/classes/{own}/hide", admin.get(f"/clever/classes/{own}"))
    site.execute(nameless.format("null", "null"), email=email)
    screens = [each.get(f"/clever/classes/{own}").text for each in (admin, teacher)]
    audit = admin.get("/clever/audit").text
    site.execute(nameless.format("'Jordan'", "'Lee'"), email=email)
    site.execute("update roster.rosters set hidden_at = null where id = :own", own=own)

    assert f"hidden by {email}" in screens[0]
    assert (email in screens[1], "hidden " in screens[1], email in audit) == (False, True, True)


def test_a_long_list_says_how_many_it_has(site, admin, monkeypatch):
    for module in ("lists", "people", "class_list", "school_list"):
        monkeypatch.setattr(f"roster_pipeline.web.{module}.PAGE_ROWS", 1)
    totals = {path: re.findall(r"<caption>[^<]*?(1 of \d+)</caption>", admin.get(path).text) for path in LISTS}
    monkeypatch.setattr("roster_pipeline.web.lists.MOST_COUNTED", 2)
    capped = admin.get("/clever/students")
    following = admin.get(re.search(r'href="([^"]+)">Next page', capped.text)[1].replace("&amp;", "&"))

    assert [names[0] for names in totals.values()] == ["1 of 2", "1 of 21", "1 of 5", "1 of 21"]
    assert ["1 of more than 2" in page.text for page in (capped, following)] == [True, True]
    assert "1 on this page" in admin.get("/clever/students?q=student").text


def test_classes_that_are_new_or_gone_are_listed(site, admin):
    town = site.towns[0]

    def list_late():
        return [names_in(admin.get(f"/clever/classes?state={state}")) for state in ("new", "gone")]

    site.execute("update roster.syncs set finished_at = finished_at - interval '8 days'")
    before = list_late()
    town.section(70, name="Chess")
    site.sync(town)
    made = list_late()
    site.execute(ARCHIVE, name="Chess")
    gone = admin.get("/clever/classes?state=gone").text

    assert (before, made, list_late()) == ([[], []], [["Chess"], []], [[], ["Chess"]])
    assert "<bdi>Chess</bdi> <span" in gone
    assert "gone " in gone
