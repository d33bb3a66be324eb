"""Accounts to review on the Clever page: two columns, the decision about one, and about all of a reason."""

from itertools import count, islice

import pytest

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline.explain.review_reasons import MEANINGS
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person
from roster_pipeline_tests.support.page_people import account_of, organization_of

HOSTILE = "<b>Zoe</b>"
NUMBERS = count(60)
ACCOUNT = """
    insert into roster.accounts (email, first_name, last_name, role) values (:email, :first, 'Before', 'teacher')
"""
OPEN = "select count(*) from roster.reviews where state = 'open' and reason = :reason"
REVIEW = "select min(id) from roster.reviews where state = 'open' and reason = :reason"
REASONS = sorted(MEANINGS)
FOREIGN_REVIEW = """
    insert into roster.reviews (organization_id, clever_id, account_id, reason, state)
    values (:own, :clever_id, :account, :reason, 'open') returning id
"""
DECIDED = "select count(*) from roster.web_audit where act = 'resolve_review'"
CHANGED = "Something changed meanwhile. Nothing was changed now. This is the new state."


@pytest.fixture(scope="module")
def shared(site):
    """Open one review that is about an account of another district. No test decides it."""
    town, other = site.towns
    town.student(59, email=other.person(person(other, "student"))["email"])
    return site


@pytest.fixture
def reviewed(shared):
    """Open reviews of one reason until there are three."""
    town = shared.towns[0]
    for number in islice(NUMBERS, 3 - shared.value(OPEN, reason="role_differs")):
        email = f"before{number}@example.org"
        shared.execute(ACCOUNT, email=email, first=HOSTILE)
        town.student(number, email=email)
    if shared.value(OPEN, reason="role_differs") < 3:
        shared.sync(town)
    assert (shared.value(OPEN, reason="role_differs"), shared.value(OPEN, reason="other_organization")) == (3, 1)
    return shared


@pytest.fixture
def admin(reviewed, new_browser):
    admin = new_browser()
    admin.log_in(person(reviewed.towns[0], "staff"))
    return admin


def work(site):
    run_corrections(site.product, lambda: site.time.now)


def test_a_review_shows_clever_beside_the_account_here(reviewed, admin):
    key = reviewed.value(REVIEW, reason="role_differs")
    listed, card = admin.get("/clever/reviews").text, admin.get(f"/clever/reviews/{key}").text

    assert "3 accounts to review" in listed
    assert "4 accounts to review" in admin.get("/clever").text
    assert [text in card for text in ("First6", "&lt;b&gt;Zoe&lt;/b&gt;", "In Clever", "Account here")] == [True] * 4
    assert HOSTILE not in card
    assert "This person is in class meanwhile." in card


def test_an_account_of_another_district_is_not_shown(reviewed, admin):
    key = reviewed.value(REVIEW, reason="other_organization")
    card = admin.get(f"/clever/reviews/{key}")

    assert "an account outside your district" in card.text
    assert "Stu2" not in card.text
    assert f'action="/clever/reviews/{key}"' not in card.text


def test_a_foreign_review_answers_like_a_missing_one(reviewed, new_browser):
    stranger, teacher = new_browser(), new_browser()
    stranger.log_in(person(reviewed.towns[1], "staff"))
    teacher.log_in(person(reviewed.towns[0], "teacher"))
    key = reviewed.value(REVIEW, reason="role_differs")

    assert [stranger.get(f"/clever/reviews/{number}").status_code for number in (key, 999999)] == [404, 404]
    assert "There are no accounts to review." in stranger.get("/clever/reviews").text
    assert [teacher.get(path).status_code for path in ("/clever/reviews", f"/clever/reviews/{key}")] == [403, 403]


def test_a_decision_resolves_the_review_once(reviewed, admin):
    key, audited = reviewed.value(REVIEW, reason="role_differs"), reviewed.value(DECIDED)
    card = admin.get(f"/clever/reviews/{key}")
    answers = [admin.submit(f"/clever/reviews/{key}", card, decision="create") for _ in range(3)]
    work(reviewed)
    done = admin.get(answers[0].headers["location"]).text

    assert len({answer.headers["location"] for answer in answers}) == 1
    assert "1 review is resolved." in done
    assert reviewed.value(DECIDED) == audited + 1
    assert admin.get(f"/clever/reviews/{key}").status_code == 404
    stale = admin.submit(f"/clever/reviews/{key}", card, decision="create", form_token="stale")
    assert (stale.status_code, CHANGED in stale.text, "2 accounts to review" in stale.text) == (409, True, True)


def test_a_decision_that_is_not_offered_is_refused(reviewed, admin):
    key = reviewed.value(REVIEW, reason="role_differs")
    answer = admin.submit(f"/clever/reviews/{key}", admin.get(f"/clever/reviews/{key}"), decision="relink")
    assert (answer.status_code, CHANGED in answer.text, "In Clever" in answer.text) == (409, True, True)


def test_all_reviews_of_a_reason_need_their_number(reviewed, admin):
    listed, number = admin.get("/clever/reviews"), str(reviewed.value(OPEN, reason="role_differs"))
    stale = admin.submit("/clever/reviews", listed, decision="create", number=number, seen="1,2")
    unconfirmed = admin.submit("/clever/reviews", listed, decision="create", number="7")
    done = admin.submit("/clever/reviews", listed, decision="create", number=number)
    work(reviewed)

    assert (stale.status_code, unconfirmed.status_code, done.status_code) == (409, 400, 303)
    assert f"{number} reviews are resolved." in admin.get(done.headers["location"]).text
    assert reviewed.value(OPEN, reason="role_differs") == 0


@pytest.mark.parametrize("reason", REASONS)
def test_no_review_shows_an_account_of_another_district(reviewed, admin, reason):
    town, other = reviewed.towns
    key = reviewed.value(
        FOREIGN_REVIEW,
        own=organization_of(reviewed, town),
        clever_id=person(town, "student"),
        account=account_of(reviewed, person(other, "student")),
        reason=reason,
    )
    card, listed = admin.get(f"/clever/reviews/{key}"), admin.get("/clever/reviews")
    reviewed.execute("delete from roster.reviews where id = :id", id=key)

    assert (card.status_code, listed.status_code) == (200, 200)
    assert [text for text in ("Stu2", "Dent2", "town2.example") if text in card.text + listed.text] == []
    assert "an account outside your district" in card.text
