"""People who have an account log in to the page with Google, which the sandbox plays with its faults."""

import json

import pytest

from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person

IDENTITIES = "select count(*) from roster.web_identities where provider = 'google' and unlinked_at is null"


def test_an_account_opens_with_google_and_stays_linked(site, browser):
    admin = person(site.towns[0], "staff")
    first = browser.log_in_with_google(admin, "/login/google?next=/clever/admins")
    before = site.value(IDENTITIES)
    second = browser.log_in_with_google(admin)

    assert [answer.headers["location"] for answer in (first, second)] == ["/clever/admins", "/clever"]
    assert site.value(IDENTITIES) == before


def test_an_email_without_an_account_is_refused(site, browser):
    answer = browser.log_in_with_google(site.towns[0].staff(31))
    assert (answer.status_code, "No account here has this email" in answer.text) == (403, True)


def test_another_google_account_with_the_email_is_refused(site, browser):
    teacher = person(site.towns[0], "teacher")
    browser.log_in_with_google(teacher)
    answer = browser.log_in_with_google(teacher, claims=json.dumps({"sub": "another"}))
    assert (answer.status_code, "Log in with Clever instead." in answer.text) == (403, True)


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"nonce": "another"},
        {"aud": "another"},
        {"iss": "another"},
        {"exp": 1},
        {"email": ""},
    ],
    ids=lambda claims: next(iter(claims)),
)
def test_a_token_that_is_not_for_this_login_is_refused(site, browser, claims):
    answer = browser.log_in_with_google(person(site.towns[0], "staff"), claims=json.dumps(claims))
    assert (answer.status_code, browser.session) == (502, None)


@pytest.mark.parametrize("path", ["/google/token", "/google/keys"])
@pytest.mark.parametrize("kind", ["500", "html", "empty"])
def test_an_outage_of_google_has_its_page(site, browser, path, kind):
    start = browser.get("/login/google")
    address = browser.authorize(start.headers["location"], person(site.towns[0], "staff"))
    site.go_wrong((path, 0, kind))
    answer = browser.get(address)
    assert (answer.status_code, browser.session) == (502, None)


def test_a_foreign_code_of_google_opens_nothing(site, browser, new_browser):
    address = new_browser()
    start = address.get("/login/google")
    foreign = address.authorize(start.headers["location"], person(site.towns[0], "staff"))
    browser.get("/login/google")
    assert browser.get(foreign).status_code == 400
    assert browser.session is None


def test_a_domain_that_the_district_does_not_have_is_refused(site, browser):
    site.execute("update roster.organizations set google_domains = '{school.example}'")
    student = person(site.towns[0], "student")
    refused = browser.log_in_with_google(student)
    opened = browser.log_in_with_google(student, claims=json.dumps({"hd": "school.example"}))
    site.execute("update roster.organizations set google_domains = '{}'")
    assert [refused.status_code, opened.headers.get("location")] == [403, "/home"]
