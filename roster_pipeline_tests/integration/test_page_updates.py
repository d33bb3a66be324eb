"""Press *Update Roster* on the Clever page, follow the update, and read what it changed."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from roster_pipeline.syncs.changes import count_listed, list_changes
from roster_pipeline.web.visibility import Visibility, page_transaction
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person

HOSTILE = '<img src=x onerror="alert(1)">'
PRESSES = "select count(*) from roster.refresh_requests where requested_by_account_id is not null"
ACTS = "select count(*) from roster.web_audit where act like 'update%'"
ROSTER = "select id from roster.rosters where name = :name"
OWN_CLASS = """
    select r.id from roster.rosters as r join roster.organizations as o on o.id = r.organization_id
    where o.name = 'Town 1' and r.name <> 'Class 100' order by r.id limit 1
"""
ANSWERED = "update roster.refresh_requests set state = 'failed' where state = 'queued'"


@pytest.fixture
def admin(site, browser):
    site.execute(ANSWERED)
    site.execute("update roster.refresh_requests set requested_at = requested_at - interval '2 hours'")
    browser.log_in(person(site.towns[0], "staff"))
    return browser


@pytest.fixture
def teacher(site, new_browser):
    teacher = new_browser()
    teacher.log_in(person(site.towns[0], "teacher"))
    return teacher


def press(browser, **fields):
    """Press a button of the Updates screen, and return the answer. A teacher presses from the form of a class."""
    page = browser.get("/clever/updates")
    csrf = re.search(r'name="csrf" value="([^"]*)"', page.text)[1]
    token = re.search(r'name="form_token" value="([^"]*)"', page.text)[1]
    return browser.post("/clever/updates", data={"csrf": csrf, "form_token": token, **fields})


def test_a_press_leads_to_its_screen_with_one_audit_row(site, admin):
    before = site.value(PRESSES), site.value(ACTS)
    page = admin.get("/clever/updates")
    answers = [admin.submit("/clever/updates", page) for _ in range(3)]

    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert (site.value(PRESSES), site.value(ACTS)) == (before[0] + 1, before[1] + 1)
    assert "Waiting its turn." in admin.get(answers[0].headers["location"]).text


def test_five_presses_at_once_are_one_request(site, admin):
    page, before = admin.get("/clever/updates"), (site.value(PRESSES), site.value(ACTS))
    with ThreadPoolExecutor(5) as pool:
        answers = [pool.submit(admin.submit, "/clever/updates", page) for _ in range(5)]
    locations = {answer.result().headers["location"] for answer in answers}

    assert len(locations) == 1
    assert (site.value(PRESSES), site.value(ACTS)) == (before[0] + 1, before[1] + 1)


def test_an_equal_waiting_press_of_a_person_is_joined(site, admin):
    first, second = press(admin), press(admin)

    assert first.headers["location"] == second.headers["location"]


def test_a_press_during_an_update_is_answered_by_the_next(site, admin):
    running = (
        "insert into roster.syncs (organization_id, trigger) select min(organization_id), 'cli' from roster.rosters"
    )
    site.execute(running)
    text = admin.get(press(admin).headers["location"]).text
    site.execute("delete from roster.syncs where state = 'running'")

    assert "An update is running that began before your press." in text


def test_the_thirteenth_press_of_an_hour_is_refused(site, admin):
    for _ in range(12):
        assert press(admin).status_code == 303
        site.execute(ANSWERED)

    assert press(admin).status_code == 429


@pytest.mark.parametrize("state", ["paused", "disconnected"])
def test_a_stopped_district_refuses_the_press_with_a_reason(site, admin, state):
    stop = "operator_disconnected_at = now()" if state == "disconnected" else "state = 'paused'"
    number = site.value(PRESSES)
    site.execute(f"update roster.organizations set {stop} where clever_district_id = :id", id=site.towns[0].id)
    answer = press(admin)
    site.execute("update roster.organizations set state = 'active', operator_disconnected_at = null")

    assert answer.status_code == 409
    assert "Nothing was started" in answer.text
    assert site.value(PRESSES) == number


def test_a_teacher_updates_the_own_class_and_no_other(site, admin, teacher):
    own, other = site.value(OWN_CLASS), site.value(ROSTER, name="Class 100")
    foreign = site.value(ROSTER, name="Algebra 2")

    assert press(teacher, scope="class", id=str(own)).status_code == 303
    refused = [press(teacher, scope="class", id=key) for key in (str(other), str(foreign), "999999", "x")]
    assert [answer.status_code for answer in refused] == [404] * 4
    assert [press(teacher, scope=scope).status_code for scope in ("district", "school")] == [403, 403]


def test_a_foreign_update_answers_like_a_missing_one(site, admin, new_browser):
    stranger = new_browser()
    stranger.log_in(person(site.towns[1], "staff"))
    path = press(admin).headers["location"]
    sync = site.value("select min(id) from roster.syncs")

    texts = [re.sub("Request [0-9a-f]+", "", stranger.get(where).text) for where in (path, "/clever/updates/999999")]
    assert texts[0] == texts[1]
    assert [stranger.get(where).status_code for where in (path, f"{path}/state", f"/clever/syncs/{sync}")] == [404] * 3


def test_a_teacher_does_not_see_the_presses_of_others(site, admin, teacher):
    path = press(admin).headers["location"]

    assert teacher.get(path).status_code == 404
    assert path not in teacher.get("/clever/updates").text


def test_a_request_for_a_fix_list_is_no_other_press(site, admin):
    path = press(admin).headers["location"]
    site.execute("""
        insert into roster.refresh_requests (organization_id, kind, scope, requested_by)
        select organization_id, 'preview', 'district', 'test' from roster.refresh_requests order by id desc limit 1
    """)
    text = admin.get(path).text

    assert "Waiting its turn." in text
    assert "Your press and" not in text


def test_the_screen_follows_an_update_to_its_answer(site, admin):
    path = press(admin).headers["location"]
    waiting = admin.get(f"{path}/state")
    version = waiting.headers["etag"].strip('"')
    same = admin.get(f"{path}/state", params={"seen": version})
    town = site.towns[0]
    town.student(40, "Ada", HOSTILE)
    town.edit("sections", town.section(1, teachers=[person(town, "teacher")], name="Geometry"), students=[])
    site.sync(town)
    done = admin.get(f"{path}/state", params={"seen": version})

    assert (waiting.status_code, same.status_code, done.status_code) == (200, 204, 200)
    assert 'hx-trigger="every 1s"' in waiting.text
    assert "hx-trigger" not in done.text
    assert "Added 1 student; renamed 1 class; removed 1 student from a class." in done.text


def test_what_changed_is_what_the_answer_counts(site, admin):
    town = site.towns[0]
    town.student(41, "Ada", HOSTILE)
    town.edit("users", person(town, "teacher"), email="new@town1.example.org")
    site.sync(town)
    sync = site.value("select max(id) from roster.syncs where state = 'published'")
    told = site.value("select counts -> 'told' from roster.syncs where id = :id", id=sync)
    own = site.value("select organization_id from roster.syncs where id = :id", id=sync)
    with page_transaction(site.app._app.state.web.engine, Visibility(own, "organization")) as pg:
        listed = count_listed(list_changes(pg, sync, sees_all=True, most=5))
    text, csv = admin.get(f"/clever/syncs/{sync}").text, admin.get(f"/clever/syncs/{sync}.csv").text

    assert listed == told
    assert "new@town1.example.org" in csv
    assert "Added 1 student" in text
    assert "new@town1.example.org" in text
    assert "&lt;img src=x" in text
    assert HOSTILE not in text


def test_a_failed_update_says_that_nothing_changed(site, admin):
    path = press(admin).headers["location"]
    site.execute("update roster.refresh_requests set state = 'failed' where state = 'queued'")
    text = admin.get(path).text

    assert "The update did not reach its end. Nothing was changed." in text
    assert "Number for support" in text


def test_the_overview_leads_to_what_needs_the_admin(site, admin):
    site.towns[0].student(42)
    site.sync(site.towns[0])
    text = admin.get("/clever").text

    assert "Last updates" in text
    assert "Needs you" in text
    assert "is in no class" in text or "are in no class" in text
    assert 'action="/clever/updates"' in text


def test_a_school_admin_updates_an_own_school_from_the_overview(site, admin):
    scope = "update roster.org_memberships set admin_scope = '{}' where is_admin and organization_id = {}"
    own = site.value("select organization_id from roster.rosters where name = 'Class 100' order by 1 limit 1")
    school = site.value("select id from roster.schools where name = 'School 1' and organization_id = :own", own=own)
    site.execute(scope.format("schools", own))
    site.execute(
        "insert into roster.admin_schools (organization_id, account_id, school_id, made_by) "
        "select organization_id, account_id, :school, 'test' from roster.org_memberships "
        "where is_admin and organization_id = :own",
        school=school,
        own=own,
    )
    overview = admin.get("/clever")
    answers = [admin.submit("/clever/updates", overview, id=str(key)) for key in (school - 1, school)]
    district = press(admin, scope="district")
    text = admin.get(answers[1].headers["location"]).text
    site.execute(scope.format("organization", own))

    assert [answer.status_code for answer in answers] == [404, 303]
    assert district.status_code == 403
    assert "Update of School 1" in text


@pytest.mark.parametrize("before", ["²", "-1", "9" * 30, "x"])
def test_a_hostile_page_of_updates_is_the_first(admin, before):
    assert admin.get("/clever/updates", params={"before": before}).status_code == 200


def test_the_overview_before_the_first_update_is_the_checklist(site, admin):
    first = "update roster.organizations set last_published_at = {} where clever_district_id = :id"
    site.execute(first.format("null"), id=site.towns[0].id)
    text = admin.get("/clever").text
    site.execute(first.format("now()"), id=site.towns[0].id)

    assert "Before the first update" in text
    assert "Next: An admin has looked at the fix list." in text
    assert "Start the first update" in text
