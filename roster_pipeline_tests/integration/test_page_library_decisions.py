"""A Library teacher decides about the own updates: what is on hold, and taking the last update back."""

import re

import pytest

from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import account_of, choose, enter, update, work

MEMBERS = """
    select count(*) from roster.roster_students as s inner join roster.rosters as r on r.id = s.roster_id
    where r.clever_id = :key and s.ended_at is null
"""
PRESSES = """
    insert into roster.refresh_requests (organization_id, scope, requested_by, requested_by_account_id, state)
    select roster.library_organization(), 'library', 'account', :account, 'failed' from generate_series(1, 12)
"""
FORGED = """
    insert into roster.corrections (organization_id, kind, args, requested_by)
    select roster.library_organization(), 'approve', jsonb_build_object('plan', d, 'account_id', a), 'account:0'
    from (values (cast(:digest as text), cast(:other as bigint))) as v (d, a) returning id
"""
ACTS = "select count(*) from roster.web_audit where act = :act"


@pytest.fixture(scope="module")
def band(town):
    """A class of eight students."""
    students = [town.student(number) for number in range(11, 19)]
    return town.section(4, teachers=[town.key("teacher")], students=students, name="Band")


@pytest.fixture
def teacher(site, town, band):
    """A browser of the teacher of this class, which has all students here and in Clever."""
    browser = enter(site, town.key("teacher"))
    town.edit("sections", band, students=[town.key("student", number) for number in range(11, 19)])
    choose(site, browser, band)
    site.execute("update roster.refresh_requests set requested_at = requested_at - interval '2 hours'")
    return browser


def hold(site, town, band, browser):
    """Take six of the eight students out of the class, and update. Return the address of the letter."""
    town.edit("sections", band, students=[town.key("student", number) for number in (11, 12)])
    answer = update(site, browser).text
    assert "on hold until you decide" in answer
    assert "Everything already matches Clever" not in answer
    letter = re.search(r'href="(/clever/holds/[0-9a-f]{12})"', browser.get("/clever/holds").text)
    assert letter is not None
    return letter[1]


def test_a_teacher_approves_the_own_plan_on_hold(site, town, band, teacher):
    address = hold(site, town, band, teacher)
    other = enter(site, town.key("teacher", 2))
    foreign = [other.get(address).status_code, address in other.get("/clever/holds").text]
    letter = teacher.get(address)
    before = site.value(MEMBERS, key=band)
    acts = site.value(ACTS, act="decide_hold")
    answers = {teacher.submit(f"{address}/approve", letter).headers["location"] for _ in range(2)}
    work(site)
    update_screen = teacher.get(answers.pop())
    done = teacher.get(update_screen.headers["location"]).text

    assert foreign == [404, False]
    assert "(None)" not in letter.text
    assert "6 students would leave your classes." in letter.text
    assert not re.search("district|School", letter.text.partition("<main")[2])
    assert "Show the people by name" not in letter.text
    assert (before, site.value(MEMBERS, key=band)) == (8, 2)
    assert "Done on" in done
    assert (answers, site.value(ACTS, act="decide_hold")) == (set(), acts + 1)


def test_a_teacher_keeps_everybody(site, town, band, teacher):
    address = hold(site, town, band, teacher)
    answer = teacher.submit(f"{address}/reject", teacher.get(address))
    work(site)
    again = update(site, teacher).text

    assert "Everybody stays." in teacher.get(answer.headers["location"]).text
    assert site.value(MEMBERS, key=band) == 8
    assert "on hold" not in again


def test_a_decision_about_another_teachers_plan_is_refused(site, town, band, teacher):
    """The page offers no such form. A forged row of the page's user changes nothing either."""
    hold(site, town, band, teacher)
    other = account_of(site, town.key("teacher", 2)) or account_of(site, town.key("teacher"))
    digest = site.value("select plan_digest from roster.holds where state = 'open' order by id desc limit 1")
    number = site.value(FORGED, digest=digest, other=other["id"])
    work(site)

    assert site.value("select result from roster.corrections where id = :id", id=number) == {"failure": "refused"}
    assert site.value(MEMBERS, key=band) == 8


def test_a_teacher_takes_the_last_update_back(site, town, band, teacher):
    town.edit("sections", band, students=[town.key("student", number) for number in range(11, 18)])
    first = re.search(r"/clever/syncs/\d+", update(site, teacher).text)[0]
    town.edit("sections", band, students=[town.key("student", number) for number in range(11, 17)])
    last = re.search(r"/clever/syncs/\d+", update(site, teacher).text)[0]
    before = site.value(MEMBERS, key=band)
    older, newest = teacher.get(first).text, teacher.get(last)
    answer = teacher.submit(f"{last}/undo", newest)
    work(site)
    done = teacher.get(answer.headers["location"]).text
    own = enter(site, town.key("teacher", 2))

    assert (f'action="{first}/undo"' in older, before, site.value(MEMBERS, key=band)) == (False, 6, 7)
    assert "The update is taken back." in done
    assert own.get(answer.headers["location"]).status_code == 404


def test_an_approval_is_no_press(site, town, band, teacher):
    """A teacher who has pressed as often as a person may still decides."""
    address = hold(site, town, band, teacher)
    letter = teacher.get(address)
    site.execute(PRESSES, account=account_of(site, town.key("teacher"))["id"])
    teacher.submit(f"{address}/approve", letter)
    work(site)

    site.execute("delete from roster.refresh_requests where requested_by = 'account'")

    assert site.value("select state from roster.corrections order by id desc limit 1") == "done"
    assert site.value(MEMBERS, key=band) == 2


def test_an_old_login_decides_nothing(site, town, band, teacher):
    address = hold(site, town, band, teacher)
    letter = teacher.get(address)
    site.time.pass_by(minutes=16)
    answer = teacher.submit(f"{address}/approve", letter)
    work(site)

    assert (answer.status_code, "Please log in again" in answer.text) == (403, True)
    assert site.value(MEMBERS, key=band) == 8
