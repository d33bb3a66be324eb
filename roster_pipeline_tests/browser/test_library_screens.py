"""The screens of Clever Library in their states can be read by everybody, at each width."""

import pytest

from roster_pipeline.web.library_tokens import delete_token
from roster_pipeline_tests.support.browser import NARROW, SIDEWAYS, WIDE, Installation, Visitor
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import account_of, choose, connected, enter, update
from roster_pipeline_tests.support.page_server import serve_page

LONG = "A very long name of a class " * 4 + "رياضيات"


@pytest.fixture(scope="module")
def served(chromium, site, town):
    with serve_page(site) as url:
        yield url


@pytest.fixture(scope="module")
def look(chromium, site, served, tmp_path_factory):
    """Return a function that opens a path with the session of a browser, and returns the faults and the words."""

    def look_at(browser, path, name):
        with chromium.new_context(base_url=served, viewport=WIDE) as context:
            context.add_cookies([{"name": "s", "value": browser.session, "url": served}])
            visitor = Visitor(Installation(served, site.clever, tmp_path_factory.mktemp("look")), context.new_page())
            assert visitor.go(path) == 200
            faults = [] if visitor.page.locator("h1").count() == 1 else ["headings"]
            for size in (WIDE, NARROW):
                visitor.page.set_viewport_size(size)
                faults += visitor.violations()
                faults += ["sideways"] if visitor.page.evaluate(SIDEWAYS) else []
                visitor.keep_picture(f"{name}-{size['width']}")
            return faults + visitor.complaints, visitor.page.locator("main").inner_text()

    return look_at


def test_the_question_at_the_first_login_is_accessible(site, town, look):
    email = "owner90@town7.example.org"
    site.execute("insert into roster.accounts (email, role) values (:email, 'teacher')", email=email)
    browser = enter(site, town.teacher(90, email=email))
    for path in ("/login/merge", "/login/merge?refused=other", "/login/merge?refused=old"):
        faults, words = look(browser, path, "library-merge")
        assert (faults, "Yes, it is mine" in words) == ([], True)
    assert look(browser, "/clever/classes", "library-question")[0] == []


def test_the_choice_of_classes_is_accessible_in_each_state(site, town, look):
    teacher = town.teacher(91)
    browser = enter(site, teacher)
    faults, words = look(browser, "/clever/library", "library-none")
    assert (faults, "You can make one here." in words) == ([], True)

    section = town.section(91, teachers=[teacher], students=[town.student(n) for n in range(91, 99)], name=LONG)
    choose(site, browser, section)
    assert look(browser, "/clever/library", "library-long")[0] == []

    site.go_wrong(("/v3.1/users/", 0, "503"))
    faults, words = look(browser, "/clever/library", "library-no-answer")
    site.go_wrong()
    assert (faults, "Clever did not answer." in words) == ([], True)

    town.edit("sections", section, students=[])
    assert "on hold until you decide" in update(site, browser).text
    letter = browser.get("/clever/holds").text.partition('href="/clever/holds/')[2][:12]
    for path in ("/clever/classes", f"/clever/holds/{letter}"):
        assert look(browser, path, "library-hold")[0] == []

    with site.product.begin() as pg:
        delete_token(pg, account_of(site, teacher)["id"])
    faults, words = look(browser, "/clever/classes", "library-no-token")
    assert (faults, "log in again" in words) == ([], True)

    with connected(site, town):
        browser = enter(site, teacher)
        for path in ("/clever/classes", "/clever/library"):
            faults, words = look(browser, path, "library-district")
            assert (faults, "Your district is connected to us now" in words) == ([], True)
