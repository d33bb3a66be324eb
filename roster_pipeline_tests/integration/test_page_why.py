"""The page answers why a child is not in a class: a verdict, who acts and what to do, cut to what a visitor sees."""

import re
import time
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Event

import pytest

from roster_pipeline.product import database
from roster_pipeline.web import file_reads
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import clever_id, person

ROSTER = "select id from roster.rosters where name = :name"
ACCOUNT = "select account_id from roster.identity_links where clever_id = :id"


@pytest.fixture(scope="module")
def town(site):
    """Town 1 after a second sync, with a child for each verdict that a sync leaves behind."""
    town = site.towns[0]
    town.student(21, "Ava", "Unlisted")
    town.student(22, "Gone", "Away")
    town.section(60, teachers=[person(town, "teacher")], students=[town.student(23, "Hid", "Den")], name="Hidden Hall")
    town.section(61, teachers=[person(town, "teacher")], students=[clever_id(1, "student", 99)], name="Pending Place")
    town.section(62, teachers=[person(town, "teacher")], students=[], name="Gone Group")
    town.student(25, "Other", "Pupil", roles={"student": town.role(25, school=1)})
    site.sync(town)
    town.leave(clever_id(1, "student", 22))
    town.remove("sections", clever_id(1, "section", 62))
    site.sync(town)
    site.execute("update roster.rosters set hidden_at = now() where name = 'Hidden Hall'")
    return town


@pytest.fixture
def admin(site, town, browser):
    browser.log_in(person(town, "staff"))
    return browser


@pytest.fixture
def teacher(site, town, new_browser):
    browser = new_browser()
    browser.log_in(person(town, "teacher"))
    return browser


def verdict(answer):
    """Return the verdict of an answer and its sentence."""
    assert answer.status_code == 200, answer.text
    found = re.search(r'data-verdict="(W\d+)"[^>]*>([^<]*)<', answer.text)
    assert found, answer.text
    return found[1], found[2]


@pytest.mark.parametrize(
    ("question", "group", "name", "says"),
    [
        ("Nobody Here", "", "W5", "Clever does not share anyone with this name."),
        ("gone away", "", "W6", "Clever stopped sharing Gone Away"),
        ("Stu1 Dent1", "Gone Group", "W8", "Clever does not share this class with us."),
        ("ava unlis", "Algebra 1", "W9", "Ava Unlisted is in Clever, but Clever does not list Ava Unlisted in Algebra"),
        ("ava unlis", "", "W9", "no class in Clever lists Ava Unlisted"),
        ("Hid Den", "", "W13", "Hid Den is in Hidden Hall, which was hidden"),
        ("STU1 dént1", "Algebra 1", "W15", "Stu1 Dent1 is in Algebra 1. Clever and this page agree."),
    ],
)
def test_a_question_by_name_has_its_verdict(site, admin, question, group, name, says):
    chosen = str(site.value(ROSTER, name=group)) if group else ""
    answer = verdict(admin.get("/clever/why", params={"q": question, "class": chosen}))

    assert (answer[0], says in answer[1]) == (name, True), answer


def test_a_listed_stranger_is_a_pending_member(site, admin):
    answer = verdict(admin.get("/clever/why", params={"person": clever_id(1, "student", 99)}))
    assert answer[0] == "W10"


def test_a_class_that_is_not_here_is_not_shared(admin):
    assert verdict(admin.get("/clever/why?q=Ava+Unlisted&class=missing"))[0] == "W8"


@pytest.mark.parametrize(("uploaded", "name"), [(-1, "W2"), (1, "W3")])
def test_a_change_is_followed_to_clever(site, admin, town, uploaded, name):
    made_at = site.time.now - timedelta(hours=2)
    at_clever = made_at + timedelta(hours=uploaded)
    town.edit("districts", town.id, last_sync=at_clever.isoformat().replace("+00:00", "Z"))
    stored = "update roster.organizations set last_clever_sync_at = :at where clever_district_id = :id"
    site.execute(stored, at=made_at - timedelta(hours=3), id=town.id)
    answer = verdict(admin.get("/clever/why", params={"q": "Stu1 Dent1", "changed_at": made_at.isoformat()}))
    assert answer[0] == name


@pytest.mark.parametrize("moment", ["2999-01-01T00:00", "soon", "2026-99-01T00:00"])
def test_a_time_that_is_none_is_refused_in_the_form(admin, moment):
    answer = admin.get("/clever/why", params={"q": "Ava", "changed_at": moment})
    assert (answer.status_code, "Give the time of your change" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ("update roster.organizations set state = 'paused' where id = :own", "W1"),
        ("update roster.organizations set state = 'disconnected' where id = :own", "W1"),
        ("update roster.organizations set clever_pause_end = now() + interval '9 days' where id = :own", "W1"),
        ("update roster.syncs set state = 'failed' where organization_id = :own", "W4"),
    ],
)
def test_the_state_of_the_district_comes_first(site, admin, town, change, name):
    own = site.value("select id from roster.organizations where clever_district_id = :id", id=town.id)
    site.execute(change, own=own)
    answer = verdict(admin.get("/clever/why?q=Nobody+Here"))
    site.execute("update roster.organizations set state = 'active', clever_pause_end = null where id = :own", own=own)
    site.execute("update roster.syncs set state = 'published' where organization_id = :own", own=own)
    assert answer[0] == name


def test_people_who_wait_for_an_answer_stop_no_screen(site, admin, new_browser):
    askers = [new_browser() for _ in range(20)]
    for asker in askers:
        asker.cookies.update(admin.cookies)
    with ThreadPoolExecutor(len(askers)) as threads:
        with file_reads.AT_ONCE, file_reads.AT_ONCE:
            answers = [threads.submit(asker.get, "/clever/why?q=Nobody+Here") for asker in askers]
            wait(answers, timeout=0.5)
            began = time.monotonic()
            others = [admin.get(path).status_code for path in ("/clever/classes", "/clever/fix/x", "/readyz")]
            spent = time.monotonic() - began
            are_waiting = not any(answer.done() for answer in answers)
        statuses = {answer.result().status_code for answer in answers}

    assert (others, spent < 10, are_waiting, statuses) == ([200, 404, 200], True, True, {200})


@pytest.mark.parametrize("path", ["/clever/why", "/clever/fix", "/clever/fix.csv"])
def test_too_many_who_wait_are_answered(admin, monkeypatch, path):
    monkeypatch.setattr(file_reads, "PATIENCE_SECONDS", 0.1)
    with file_reads.AT_ONCE, file_reads.AT_ONCE:
        assert admin.get(path).status_code == 503


def test_a_silent_clever_is_asked_once(site, admin, town):
    made_at = site.time.now - timedelta(hours=1)
    site.execute("update roster.organizations set last_clever_sync_at = :at", at=made_at - timedelta(hours=1))
    site.go_wrong(("/oauth/tokens", 0, "500"))
    began = time.monotonic()
    answer = admin.get("/clever/why", params={"q": "Stu1 Dent1", "changed_at": made_at.isoformat()})

    assert (answer.status_code, time.monotonic() - began < 10) == (200, True)


@pytest.mark.parametrize("query", ["q=a%00b", "q=%00", "q=a&class=%00", "q=a&class=%D9%A3", "person=%00"])
def test_a_hostile_question_is_answered(admin, query):
    assert admin.get(f"/clever/why?{query}").status_code in (200, 404)


@pytest.mark.parametrize("moment", ["%00", "0001-01-01", "0001-01-01T00:00%2B14:00", "9999-12-31T23:59-14:00"])
def test_a_hostile_time_is_answered(admin, moment):
    assert admin.get(f"/clever/why?q=Stu1+Dent1&changed_at={moment}").status_code in (200, 400)


def test_several_people_are_offered(admin):
    page = admin.get("/clever/why?q=student1").text
    assert "Who is it?" in page
    assert len(re.findall(r'href="/clever/why/\d+\?', page)) > 5


def test_of_many_classes_a_part_of_the_name_is_given_first(site, admin, monkeypatch):
    monkeypatch.setattr("roster_pipeline.web.screens.why.MOST_CLASSES", 2)
    form = admin.get("/clever/why").text
    several = admin.get("/clever/why?q=ava+unlisted&class_name=hall").headers.get("location", "")
    none = admin.get("/clever/why?q=ava+unlisted&class_name=zzz%25").text
    many = admin.get("/clever/why?q=ava+unlisted&class_name=class").text
    monkeypatch.setattr("roster_pipeline.web.screens.why.MOST_CLASSES", 9)
    chosen = admin.get("/clever/why?q=ava+unlisted&class_name=p").text

    assert ('name="class_name"' in form, 'name="class"' in form) == (True, False)
    assert f"class={site.value(ROSTER, name='Hidden Hall')}" in several
    assert "No class has this in its name." in none
    assert ('name="class_name"' in many, "No class has this" in many) == (True, False)
    assert ">Pending Place</option>" in chosen
    assert 'value="ava unlisted"' in chosen
    assert verdict(admin.get(several))[0] == "W9"


def test_a_class_has_its_own_answer(site, admin):
    path = "/clever/why/class/{}"
    assert verdict(admin.get(path.format(site.value(ROSTER, name="Algebra 1"))))[0] == "W15"
    assert verdict(admin.get(path.format(site.value(ROSTER, name="Pending Place"))))[0] == "W10"
    assert verdict(admin.get(path.format(site.value(ROSTER, name="Hidden Hall"))))[0] == "W13"


def test_a_teacher_reads_nothing_of_a_child_of_other_classes(site, teacher):
    page = teacher.get("/clever/why", params={"q": "First101 Student101"})

    assert verdict(page)[0] == "W15"
    assert "Your admin can see more." in page.text
    assert not [text for text in ("Class 10", "@town1", "What we know") if text in page.text]
    assert verdict(teacher.get("/clever/why?q=First101"))[0] == "W5"


def test_a_teacher_reads_about_an_own_student(site, teacher):
    path = f"/clever/why/{site.value(ACCOUNT, id=person(site.towns[0], 'student'))}"
    assert verdict(teacher.get(path))[0] == "W15"


def test_a_person_who_is_not_seen_is_missing(site, admin, teacher):
    foreign = site.value(ACCOUNT, id=person(site.towns[1], "student"))
    other_class = site.value(ACCOUNT, id=clever_id(1, "student", 101))
    missing = admin.get("/clever/why/999999999")
    answers = [
        admin.get(f"/clever/why/{foreign}"),
        admin.get("/clever/why", params={"person": person(site.towns[1], "student")}),
        admin.get(f"/clever/why/class/{site.value(ROSTER, name='Algebra 2')}"),
        admin.get("/clever/why", params={"q": "Ava", "class": str(site.value(ROSTER, name="Algebra 2"))}),
        teacher.get(f"/clever/why/{other_class}"),
    ]
    assert [answer.status_code for answer in (missing, *answers)] == [404] * 6


def test_a_school_admin_asks_about_the_own_schools_only(site, admin, town):
    own = site.value("select id from roster.organizations where clever_district_id = :id", id=town.id)
    school = "select id from roster.schools where clever_id = :id"
    membership = "where organization_id = :own and is_admin"
    site.execute(f"update roster.org_memberships set admin_scope = 'schools' {membership}", own=own)
    site.execute(
        "insert into roster.admin_schools (organization_id, account_id, school_id, made_by) "
        f"select :own, account_id, :school, 'test' from roster.org_memberships {membership}",
        own=own, school=site.value(school, id=clever_id(1, "school", 0)),
    )  # fmt: skip
    answers = [admin.get(f"/clever/why?q={name}") for name in ("Ava+Unlisted", "Other+Pupil")]
    site.execute(f"update roster.org_memberships set admin_scope = 'organization' {membership}", own=own)
    assert [verdict(answer)[0] for answer in answers] == ["W9", "W5"]


def test_questions_beside_updates_make_no_update_wait(site, admin, town, monkeypatch):
    """A person asks twice a second. An update waits only for an answer that is just being read from the file."""
    waits, is_over, answers = [], Event(), []

    def wait_and_measure(*arguments, **more):
        began = time.monotonic()
        wait_for_lock(*arguments, **more)
        waits.append(time.monotonic() - began)

    def ask():
        while not is_over.wait(0.5):
            answers.append(admin.get("/clever/why?q=Stu1+Dent1").status_code)

    wait_for_lock = database._wait_for_lock
    monkeypatch.setattr(database, "_wait_for_lock", wait_and_measure)
    with ThreadPoolExecutor(1) as threads:
        asker = threads.submit(ask)
        began = time.monotonic()
        for number in range(4):
            town.student(70 + number)
            site.sync(town)
        spent = time.monotonic() - began
        is_over.set()
        asker.result()

    assert (len(answers) > 1, set(answers)) == (True, {200})
    assert sum(waits) < 0.05 * spent
