"""A person whose account was found by email reads so once, and may say that the account is not theirs."""

import pytest

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures

REVIEW = "select reason from roster.reviews where state = 'open' and clever_id = :id"


@pytest.fixture(scope="module")
def teacher(site):
    """A teacher who had an account before the district shared the teacher."""
    town = site.towns[0]
    site.execute(
        "insert into roster.accounts (email, first_name, last_name, role) "
        "values ('old@example.org', 'Old', 'Hand', 'teacher')"
    )
    teacher = town.teacher(61, "Old", "Hand", email="old@example.org")
    site.sync(town)
    site.time.pass_by(minutes=10)
    return teacher


def test_an_objection_opens_a_review_that_a_sync_keeps(site, browser, new_browser, teacher):
    first = browser.log_in(teacher, "/login/clever?next=/clever/why")
    screen = browser.get("/login/joined")
    answers = [browser.submit("/account/not-mine", screen) for _ in range(2)]
    run_corrections(site.product, lambda: site.time.now)

    assert first.headers["location"] == "/login/joined"
    assert "Your account now belongs to Town 1" in screen.text
    assert {answer.headers["location"] for answer in answers} == {"/account/not-mine"}
    assert "An admin of your district looks at it." in browser.get("/account/not-mine").text
    assert site.value("select count(*) from roster.corrections where kind = 'object'") == 1
    assert site.value(REVIEW, id=teacher) == "name_differs"
    site.sync(site.towns[0])
    assert site.value(REVIEW, id=teacher) == "name_differs"
    assert new_browser().log_in(teacher).headers["location"] == "/clever/classes"


def test_an_admin_who_was_joined_reads_so_too(site, browser, teacher):
    make_admin = (
        "update roster.org_memberships set is_admin = :is_admin "
        "where account_id = (select id from roster.accounts where first_name = 'Ad' and last_name = 'Min')"
    )
    town = site.towns[0]
    site.execute(
        "insert into roster.accounts (email, first_name, last_name, role) "
        "values ('both@example.org', 'Ad', 'Min', 'teacher')"
    )
    both = town.teacher(62, "Ad", "Min", email="both@example.org")
    site.sync(town)
    site.time.pass_by(minutes=10)
    site.execute(make_admin, is_admin=True)
    answer = browser.log_in(both)

    assert answer.headers["location"] == "/login/joined"
    assert "Your account now belongs to Town 1" in browser.get("/login/joined").text
    site.execute(make_admin, is_admin=False)
