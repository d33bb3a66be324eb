"""A person of a district with logins only is linked by exact email, unless a contradiction prevents it."""

import secrets
from itertools import count

import pytest

from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person

NUMBERS = count(34)
"""Each login is one of another person, because the first one pins the account."""
STAFF_EMAIL = "staff1@town2.example.org"
MAKE_ACCOUNT = """
    with person as (insert into roster.accounts (email, role) values (:email, :role) returning id)
    insert into roster.org_memberships (organization_id, account_id, role)
    select o.id, person.id, :role from person, roster.organizations as o where o.name = any(:towns)
"""


@pytest.fixture(scope="module")
def login_only(site):
    """The second district has logins only."""
    tier = "update roster.organizations set tier = :tier where name = 'Town 2'"
    site.execute(tier, tier="sso_only")
    yield site.towns[1]
    site.execute(tier, tier="secure_sync")


def test_a_teacher_with_logins_only_has_a_screen(login_only, browser):
    answer = browser.log_in(person(login_only, "teacher"))
    screen = browser.get("/welcome")

    assert answer.headers["location"] == browser.get("/").headers["location"] == "/welcome"
    assert "Hi Tea2." in screen.text
    assert "there are no class lists from Clever here" in screen.text
    assert browser.get("/clever").status_code == 403
    assert browser.submit("/language", screen, language="en").status_code == 303
    assert "/login?logged_out=" in browser.submit("/logout", screen).headers["location"]


@pytest.fixture
def make_account(site, login_only):
    """Return a function that makes an account in some towns, and returns its email."""

    def make(role, *towns):
        email = f"{secrets.token_hex(8)}@example.org"
        site.execute(MAKE_ACCOUNT, email=email, role=role, towns=list(towns or ("Town 2",)))
        return email

    return make


@pytest.mark.parametrize(
    ("role", "account"), [("student", "teacher"), ("teacher", "student"), ("contact", "teacher"), ("student", "admin")]
)
def test_a_login_by_email_refuses_another_role(login_only, browser, make_account, role, account):
    email = STAFF_EMAIL if account == "admin" else make_account(account)
    answer = browser.log_in(getattr(login_only, role)(30, email=email))

    assert (answer.status_code, browser.session) == (403, None)
    assert "you have no place here yet" in answer.text


def test_a_login_by_email_refuses_a_linked_account(login_only, browser):
    email = login_only.person(person(login_only, "teacher"))["email"]

    assert browser.log_in(login_only.teacher(31, email=email)).status_code == 403


def test_a_login_by_email_refuses_a_place_elsewhere(login_only, browser, make_account):
    email = make_account("teacher", "Town 1", "Town 2")

    assert browser.log_in(login_only.teacher(32, email=email)).status_code == 403


@pytest.mark.parametrize("role", ["student", "teacher"])
def test_a_login_by_email_opens_the_own_account(login_only, browser, make_account, role):
    answer = browser.log_in(getattr(login_only, role)(33, email=make_account(role)))

    assert (answer.status_code, browser.session is not None) == (303, True)


@pytest.mark.parametrize(
    ("role", "name", "status"),
    [
        ("student", ("Kim", "Rowe"), 403),
        ("student", ("K\u00edm", "L\u00cdND"), 303),
        ("student", ("Ada", "Rowe"), 303),
        ("student", (None, "Rowe"), 303),
        ("teacher", ("Kim", "Rowe"), 303),
    ],
)
def test_a_login_by_email_compares_the_names(site, login_only, browser, make_account, role, name, status):
    """docs/rules.md R2.17: an account of other names is no student's, and a teacher's is linked."""
    email = make_account(role)
    site.execute(
        "update roster.accounts set first_name = :first, last_name = :last where email = :email",
        **dict(zip(("first", "last"), name, strict=True)),
        email=email,
    )
    answer = browser.log_in(getattr(login_only, role)(next(NUMBERS), "Ada", "Lind", email=email))

    assert answer.status_code == status
