"""A held plan is read as a letter and decided on the Clever page, and an update is taken back."""

import re
from itertools import count

import pytest

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import MAKE_ADMIN, person
from roster_pipeline_tests.support.page_people import school_of

FILED = "select count(*) from roster.corrections"
AUDITED = "select count(*) from roster.web_audit where act in ('decide_hold', 'undo_sync')"
FIVES = count(100, 5)
NEWEST = "select max(id) from roster.syncs where state in ('published', 'held')"
OPENED = "select count(*) from roster.web_audit where act = 'open_names'"
PLAN = "select left(plan_digest, 12) from roster.holds where state = 'open' order by id desc limit 1"
LIVE = """
    select count(*) from roster.org_memberships
    where role = 'student' and ended_at is null and organization_id = (select min(id) from roster.organizations)
"""
REVIEW = """
    insert into roster.reviews (organization_id, clever_id, reason, state)
    select organization_id, repeat('a', 24), 'admin_account', 'resolved' from roster.syncs where id = :sync
    returning id
"""
SCOPE = """
    update roster.org_memberships set admin_scope = :scope
    where is_admin and organization_id = (select min(id) from roster.organizations)
"""


@pytest.fixture
def admin(site, new_browser):
    site.time.pass_by(minutes=1)
    admin = new_browser()
    admin.log_in(person(site.towns[0], "staff"))
    return admin


@pytest.fixture
def plan(site):
    """Return the name of a plan on hold: five of the students of a district are missing from Clever.

    A plan that a test has decided is followed by one about five others, because a decision stands for its plan.
    """
    if site.value(PLAN) is None:
        first = next(FIVES)
        site.towns[0].leave(*(person(site.towns[0], "student", number) for number in range(first, first + 5)))
        site.sync(site.towns[0])
    return site.value(PLAN)


def work(site):
    """Run what the worker of the page runs."""
    run_corrections(site.product, lambda: site.time.now)


def test_a_held_plan_reads_like_a_letter(site, admin, plan):
    listed, letter = admin.get("/clever/holds").text, admin.get(f"/clever/holds/{plan}").text

    assert "5 students would leave the district." in listed
    assert '<h1 class="first">5 students would leave the district.</h1>' in letter
    assert "School 0" in letter
    assert "Let it happen" in letter
    assert admin.get("/clever").text.count("1 plan waits for a decision") == 1


def test_the_page_of_a_school_says_what_is_held_there(site, admin, plan):
    own, other = (
        admin.get(f"/clever/schools/{school_of(site, site.towns[0], name)}").text for name in ("School 0", "School 1")
    )

    assert f'<a href="/clever/holds/{plan}">5 students would leave this school.</a>' in own
    assert "What waits for a decision" not in other


def test_the_people_of_a_plan_are_named_with_an_audit_row(site, admin, plan):
    before = site.value(OPENED)
    people = admin.get(f"/clever/holds/{plan}/people").text

    assert "5 people would leave" in people
    assert len(set(re.findall(r"Student1\d\d", people))) == 5
    assert site.value(OPENED) == before + 1


def test_a_school_admin_reads_the_letter_without_buttons(site, admin, plan):
    site.execute(SCOPE, scope="schools")
    site.execute("""
        insert into roster.admin_schools (organization_id, account_id, school_id, made_by)
        select m.organization_id, m.account_id, s.id, 'test' from roster.org_memberships as m
        join roster.schools as s using (organization_id) where m.is_admin and s.name = 'School 1'
    """)
    decider = site.value(MAKE_ADMIN, email="decider@example.org", district=site.towns[0].id)
    letter = admin.get(f"/clever/holds/{plan}")
    refused = admin.post(f"/clever/holds/{plan}/approve", data={"csrf": csrf_of(letter), "form_token": "a"})
    site.execute("update roster.org_memberships set ended_at = now() where account_id = :id", id=decider)
    site.execute(SCOPE, scope="organization")

    assert "An admin of the whole district decides this. Who can decide: Jordan Lee." in letter.text
    assert "Let it happen" not in letter.text
    assert "School 0" not in letter.text
    assert refused.status_code == 403


def test_a_foreign_plan_answers_like_a_missing_one(site, new_browser, plan):
    stranger, teacher = new_browser(), new_browser()
    stranger.log_in(person(site.towns[1], "staff"))
    teacher.log_in(person(site.towns[0], "teacher"))

    assert [stranger.get(f"/clever/holds/{name}").status_code for name in (plan, "0" * 12, "x")] == [404] * 3
    assert [teacher.get(path).status_code for path in ("/clever/holds", f"/clever/holds/{plan}")] == [403, 403]


def test_a_stale_form_decides_nothing_and_shows_the_plan(site, admin, plan):
    number = site.value(FILED)
    answer = admin.submit(f"/clever/holds/{plan}/approve", admin.get(f"/clever/holds/{plan}"), seen="0" * 64)

    assert answer.status_code == 409
    assert "Clever has changed since. Nothing was removed." in answer.text
    assert site.value(FILED) == number


def test_a_plan_that_changed_meanwhile_is_not_decided(site, admin, plan):
    letter, number, town = admin.get(f"/clever/holds/{plan}"), site.value(FILED), site.towns[0]
    town.leave(person(town, "student", 119))
    site.sync(town)
    answer = admin.submit(f"/clever/holds/{plan}/approve", letter)
    shown = admin.get(f"/clever/holds/{plan}")
    town.student(119)
    site.sync(town)

    assert (answer.status_code, shown.status_code, site.value(FILED)) == (409, 200, number)
    assert "Clever has changed since" in answer.text
    assert "6 students would leave the district." in answer.text


def test_an_old_login_is_asked_for_again(site, admin, plan):
    page, number = admin.get(f"/clever/holds/{plan}"), site.value(FILED)
    site.time.pass_by(minutes=16)
    answer = admin.submit(f"/clever/holds/{plan}/approve", page)

    assert answer.status_code == 403
    assert f"/login/clever?next=%2Fclever%2Fholds%2F{plan}" in answer.text
    assert site.value(FILED) == number


def test_a_paused_district_applies_no_plan_and_says_why(site, admin, plan):
    filed = admin.submit(f"/clever/holds/{plan}/approve", admin.get(f"/clever/holds/{plan}"))
    site.execute("update roster.organizations set state = 'paused'")
    work(site)
    failed = admin.get(filed.headers["location"]).text
    site.execute("update roster.organizations set state = 'active'")

    assert "Updates are paused, or the district is disconnected" in failed
    assert "Something went wrong" not in failed
    assert "Updates are paused by our account team. Class lists stay as they are." in failed
    assert "Clever is paused" not in failed
    assert site.value(PLAN) == plan


def test_an_approved_plan_is_applied_and_can_be_taken_back(site, admin, plan):
    live, audited = site.value(LIVE), site.value(AUDITED)
    missing = [
        number
        for number in range(100, 120)
        if person(site.towns[0], "student", number) not in site.towns[0].resources["users"].ids()
    ]
    letter = admin.get(f"/clever/holds/{plan}")
    answers = [admin.submit(f"/clever/holds/{plan}/approve", letter) for _ in range(2)]
    waiting = admin.get(answers[0].headers["location"])
    work(site)
    decided = admin.get(answers[0].headers["location"])
    site.sync(site.towns[0])
    gone = site.value(LIVE)
    update = admin.get(decided.headers["location"]).text
    sync = site.value(NEWEST)
    undo = admin.submit(f"/clever/syncs/{sync}/undo", admin.get(f"/clever/syncs/{sync}"))
    work(site)
    done = admin.get(undo.headers["location"]).text

    assert answers[0].headers["location"] == answers[1].headers["location"]
    assert "Your decision waits its turn." in waiting.text
    assert "Removed 5 students no longer shared by Clever;" in update
    assert (gone, site.value(LIVE), site.value(AUDITED)) == (live - 5, live, audited + 2)
    assert "Back in the district: 5 students" in done
    for key in missing:
        site.towns[0].student(key)
    site.sync(site.towns[0])


def test_an_update_is_taken_back_once(site, admin):
    site.towns[0].school(8, name="Other School")
    site.sync(site.towns[0])
    sync = site.value(NEWEST)
    admin.submit(f"/clever/syncs/{sync}/undo", admin.get(f"/clever/syncs/{sync}"))
    work(site)
    page = admin.get(f"/clever/syncs/{sync}").text

    assert "Take this update back" not in page
    token = {"csrf": csrf_of(admin.get("/clever")), "form_token": "twice"}
    assert admin.post(f"/clever/syncs/{sync}/undo", data={**token, "seen": "published"}).status_code == 409


@pytest.mark.parametrize("counts", ["'{from_organizations}', '[1]'", "'{review}', to_jsonb(:review)"])
def test_a_decision_of_an_operator_is_taken_back_by_an_operator(site, admin, counts):
    """A correction took people from another district, or it decided about the account of an admin."""
    sync = site.value(NEWEST)
    review = site.value(REVIEW, sync=sync)
    before = admin.get(f"/clever/syncs/{sync}")
    values = {"review": review} if ":review" in counts else {}
    site.execute(f"update roster.syncs set counts = jsonb_set(counts, {counts}) where id = :id", id=sync, **values)
    page, refused = admin.get(f"/clever/syncs/{sync}").text, admin.submit(f"/clever/syncs/{sync}/undo", before)
    site.execute("update roster.syncs set counts = counts - 'from_organizations' - 'review' where id = :id", id=sync)

    assert "Take this update back" in before.text
    assert "Take this update back" not in page
    assert refused.status_code == 409


def test_one_school_of_an_update_is_taken_back(site, admin):
    site.towns[0].school(7, name="New School")
    site.sync(site.towns[0])
    sync = site.value(NEWEST)
    key = site.value("select id from roster.schools where name = 'New School'")
    undo = admin.submit(f"/clever/syncs/{sync}/undo", admin.get(f"/clever/syncs/{sync}"), school=str(key))
    foreign = site.value(
        "select max(id) from roster.schools where organization_id <> (select min(id) from roster.organizations)"
    )
    refused = admin.submit(f"/clever/syncs/{sync}/undo", admin.get(f"/clever/syncs/{sync}"), school=str(foreign))
    work(site)

    assert "Removed from the district: 1 school" in admin.get(undo.headers["location"]).text
    assert refused.status_code == 404


def csrf_of(page):
    return re.search(r'name="csrf" value="([^"]*)"', page.text)[1]
