"""A person of a district with logins only is linked by exact email, unless a contradiction prevents it."""

import secrets
from itertools import count

import pytest

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person

NUMBERS = count(34)
"""Each login is one of another person, because the first one pins the account."""
STAFF_EMAIL = "staff1@town2.example.org"
OPEN_REVIEW = "select id from roster.reviews where clever_id = :key and reason = 'name_differs' and state = 'open'"
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


@pytest.fixture
def flagged(site, login_only, make_account, new_browser):
    """A teacher who has logged in to an account of another name. Yields the Clever id, the review and the browser."""
    email = make_account("teacher")
    site.execute("update roster.accounts set first_name = 'Kim', last_name = 'Rowe' where email = :email", email=email)
    key, visitor = login_only.teacher(next(NUMBERS), "Ada", "Lind", email=email), new_browser()
    visitor.log_in(key)
    work(site)
    return key, site.value(OPEN_REVIEW, key=key), visitor


def work(site):
    run_corrections(site.product, lambda: site.time.now)


def test_a_login_with_another_name_opens_a_review_once(site, flagged, new_browser, browser):
    """docs/rules.md R2.17: the teacher is linked, and the review flags the link."""
    key, review, visitor = flagged
    again = new_browser().log_in(key)
    work(site)
    browser.log_in(person(site.towns[1], "staff"))
    card = browser.get(f"/clever/reviews/{review}").text

    assert (again.status_code, visitor.get("/welcome").status_code) == (303, 200)
    assert site.value("select count(*) from roster.reviews where clever_id = :key", key=key) == 1
    assert site.value("select args ? 'clever_says' from roster.corrections order by id desc limit 1") is False
    assert [text in card for text in ("Ada", "Kim", "This person can log in meanwhile.")] == [True] * 3
    assert card.count(f'action="/clever/reviews/{review}"') == 2


@pytest.mark.parametrize(("decision", "status"), [("same", 303), ("different", 403)])
def test_a_decision_about_a_login_keeps_or_ends_it(site, flagged, new_browser, browser, decision, status):
    key, review, visitor = flagged
    browser.log_in(person(site.towns[1], "staff"))
    path = f"/clever/reviews/{review}"
    browser.submit(path, browser.get(path), decision=decision)
    work(site)
    decided = "select decision from roster.reviews where id = :id and decided_at is not null"
    is_in = visitor.get("/welcome").status_code == 200

    assert (site.value(decided, id=review), is_in) == (decision, status == 303)
    assert new_browser().log_in(key).status_code == status
    if decision == "different":
        with transaction(site.product) as pg:
            undo_sync(pg, site.value("select max(id) from roster.syncs"), site.time.now)
        assert new_browser().log_in(key).status_code == 303
        assert site.value(OPEN_REVIEW, key=key) == review


def test_a_killed_worker_opens_the_review_later(site, flagged):
    key, review, _ = flagged
    site.execute("delete from roster.reviews where id = :id", id=review)
    site.execute(
        "update roster.corrections set state = 'running', args = args || '{\"clever_says\": {}}' "
        "where id = (select max(id) from roster.corrections where kind = 'flag')"
    )
    work(site)

    assert site.value(OPEN_REVIEW, key=key)
