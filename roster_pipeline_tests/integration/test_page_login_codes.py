"""A code of Clever that arrives more than once logs a person in once, and a person who waits can log out."""

from concurrent.futures import ThreadPoolExecutor

from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person

AUTHORIZE = "/oauth/authorize?"


def test_ten_equal_callbacks_give_one_exchange(site, browser, new_browser):
    address = browser.callback(person(site.towns[0], "student"))
    cookies = dict(browser.cookies)
    before = site.value("select count(*) from roster.web_sessions")

    def deliver(_number):
        other = new_browser()
        other.cookies.update(cookies)
        return other.get(address)

    with ThreadPoolExecutor(10) as threads:
        answers = list(threads.map(deliver, range(10)))

    assert {answer.status_code for answer in answers} == {303}
    assert {answer.headers["location"] for answer in answers} <= {"/", "/home"}
    assert site.value("select count(*) from roster.web_sessions") == before + 1


def test_a_code_that_arrives_again_restarts_the_login(site, browser):
    address = browser.callback(person(site.towns[0], "student"))
    browser.get(address)
    assert AUTHORIZE in browser.get(address).headers["location"]


def test_a_person_who_waits_can_log_out(site, browser):
    browser.log_in(site.towns[0].student(8))

    answer = browser.submit("/logout", browser.get("/login/waiting"))
    site.towns[0].leave(person(site.towns[0], "student", 8))

    assert answer.headers["location"] == "/login?logged_out=1"
