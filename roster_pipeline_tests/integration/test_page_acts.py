"""Admins and teachers hide and show classes, and admins verify teachers, once for each press."""

import re

import pytest

from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person
from roster_pipeline_tests.support.page_people import account_of, class_of, count_acts, school_admin

HIDDEN = "select hidden_at is not null from roster.rosters where id = :id"
VERIFIED = "select verified_at is not null from roster.org_memberships where account_id = :id"
CHANGED = "Something changed meanwhile. Nothing was changed now. This is the new state."


@pytest.fixture
def algebra(site):
    """Return the class of teacher 1, which is shown."""
    roster = class_of(site, "Algebra 1")
    site.execute("update roster.rosters set hidden_at = null where id = :id", id=roster)
    return roster


@pytest.fixture
def teacher(site):
    """Return the account of teacher 1, who is not verified."""
    account = account_of(site, person(site.towns[0], "teacher"))
    site.execute("update roster.org_memberships set verified_at = null where account_id = :id", id=account)
    return account


@pytest.fixture
def admin(site, browser):
    browser.log_in(person(site.towns[0], "staff"))
    return browser


def test_a_teacher_hides_and_shows_a_class(site, browser, new_browser, algebra):
    browser.log_in(person(site.towns[0], "teacher"))
    student = new_browser()
    student.log_in(person(site.towns[0], "student"))
    page = f"/clever/classes/{algebra}"
    before = count_acts(site, "hide_class")

    answer = browser.submit(f"{page}/hide", browser.get(page))
    assert "Hidden. Students do not see this class" in browser.get(answer.headers["location"]).text
    assert "Algebra 1" not in student.get("/home").text
    listed = browser.get("/clever/classes").text
    assert "Hidden class (1)" in listed
    assert "hidden by Tea1 Cher1" in listed
    assert count_acts(site, "hide_class") == before + 1

    browser.submit(f"{page}/show", browser.get(page))
    assert "Algebra 1" in student.get("/home").text


def test_a_double_press_hides_once(site, admin, algebra):
    page = f"/clever/classes/{algebra}"
    form = admin.get(page)
    before = count_acts(site, "hide_class")
    answers = [admin.submit(f"{page}/hide", form) for _ in range(3)]

    assert len({answer.headers["location"] for answer in answers}) == 1
    assert count_acts(site, "hide_class") == before + 1


def test_a_stale_tab_shows_the_new_state(site, admin, algebra):
    page = f"/clever/classes/{algebra}"
    first, second = admin.get(page), admin.get(page)
    admin.submit(f"{page}/hide", first)
    stale = admin.submit(f"{page}/hide", second)
    assert stale.status_code == 409
    assert [text in stale.text for text in (CHANGED, "Show this class")] == [True, True]

    shown = admin.get(page)
    site.execute("update roster.rosters set hidden_at = '2026-01-01' where id = :id", id=algebra)
    assert admin.submit(f"{page}/show", shown).status_code == 409
    assert admin.submit(f"{page}/show", shown, seen="nonsense").status_code == 400
    assert site.value(HIDDEN, id=algebra)


def test_only_who_sees_a_class_hides_it(site, browser, algebra):
    browser.log_in(person(site.towns[0], "teacher"))
    form = browser.get(f"/clever/classes/{algebra}")
    hidden = dict(re.findall(r'name="(csrf|form_token)" value="([^"]*)"', form.text))
    others = [class_of(site, "Class 101"), class_of(site, "Algebra 2"), 999999999]
    for other in others:
        for act in ("hide", "show"):
            seen = {"seen": "2026-01-01T00:00:00+00:00", "form_token": f"{act}{other}"}
            answer = browser.post(f"/clever/classes/{other}/{act}", data={**hidden, **seen})
            assert answer.status_code == 404
    assert [site.value(HIDDEN, id=other) for other in others[:2]] == [False, False]


def test_an_admin_verifies_a_teacher_and_takes_it_back(site, admin, teacher):
    before = count_acts(site, "verify_teacher")
    form = admin.get("/clever/teachers")
    for _ in range(2):
        answer = admin.submit("/clever/teachers/verify", form, **{f"verify-{teacher}": "1"})
    assert answer.headers["location"] == "/clever/teachers"
    assert count_acts(site, "verify_teacher") == before + 1
    assert site.value(VERIFIED, id=teacher)
    page = admin.get("/clever/teachers?q=cher1")
    assert "by Jordan Lee" in page.text

    admin.submit("/clever/teachers/unverify", page)
    assert not site.value(VERIFIED, id=teacher)
    stale = admin.submit("/clever/teachers/unverify", page, form_token="again")
    assert stale.status_code == 409
    assert [text in stale.text for text in (CHANGED, "<h1>Teachers</h1>", "Verify Tea1 Cher1")] == [True] * 3


def test_all_teachers_of_a_page_are_verified_at_once(site, admin, teacher):
    page = admin.get("/clever/teachers?state=unverified")
    boxes = set(re.findall(r'type="hidden" name="(verify-\d+)"', page.text))
    before = count_acts(site, "verify_teacher")
    admin.submit("/clever/teachers/verify", page, **dict.fromkeys(boxes, "1"))

    assert len(boxes) == 21
    assert "No teacher matches" in admin.get("/clever/teachers?state=unverified").text
    assert count_acts(site, "verify_teacher") == before + 1
    site.execute("update roster.org_memberships set verified_at = null where role = 'teacher'")


def test_nobody_verifies_outside_of_the_own_place(site, admin, teacher):
    student = account_of(site, person(site.towns[0], "student"))
    foreign = account_of(site, person(site.towns[1], "teacher"))
    own = account_of(site, person(site.towns[0], "teacher", 100))
    form = admin.get("/clever/teachers")
    for number, account in enumerate((student, foreign, 999999999)):
        fields = {f"verify-{account}": "1", "form_token": f"foreign{number}"}
        assert admin.submit("/clever/teachers/verify", form, **fields).status_code == 409
    assert admin.submit("/clever/teachers/verify", form, form_token="none").status_code == 400
    with school_admin(site, site.towns[0], "School 1"):
        token = admin.get("/clever/students")
        fields = dict(re.findall(r'name="(csrf|form_token)" value="([^"]*)"', token.text))
        assert admin.post("/clever/teachers/verify", data={**fields, f"verify-{own}": "1"}).status_code == 409
    assert [site.value(VERIFIED, id=account) for account in (student, foreign, own)] == [False] * 3


def test_a_teacher_verifies_nobody(site, browser, teacher):
    browser.log_in(person(site.towns[0], "teacher"))
    fields = dict(re.findall(r'name="(csrf|form_token)" value="([^"]*)"', browser.get("/clever/classes").text))
    answer = browser.post("/clever/teachers/verify", data={**fields, f"verify-{teacher}": "1"})
    assert answer.status_code == 403
    assert not site.value(VERIFIED, id=teacher)
