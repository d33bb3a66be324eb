"""Library teachers choose classes, update them and see their own classes alone, over the sandbox and PostgreSQL."""

import re

import pytest
import sqlalchemy as sa

from roster_pipeline.product.database import transaction
from roster_pipeline.web.screens import library
from roster_pipeline.web.visibility import Visibility, set_visibility
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import account_of, choose, enter, update, work

ROSTER = "select id from roster.rosters where clever_id = :key and archived_at is null"
ACCOUNTS = "select count(*) from roster.identity_links where clever_id = :key and unlinked_at is null"
ACTS = "select count(*) from roster.web_audit where act = :act"
PUBLISHED = "select count(*) from roster.syncs where account_id = :account and trigger = 'library'"
OF_OTHERS = (
    "insert into roster.syncs (organization_id, dagster_run_id, trigger, mode, state) "
    "values (roster.library_organization(), 'operator', 'cli', 'resolve', 'published')",
    "insert into roster.reviews (organization_id, clever_id, reason, account_id, state) "
    "values (roster.library_organization(), :key, 'name_differs', :account, 'resolved')",
    "insert into roster.corrections (organization_id, kind, args, requested_by, state) "
    "values (roster.library_organization(), 'undo', '{}', 'account:' || cast(:account as bigint), 'done')",
)
"""A decision of an operator, a decided review of a teacher, and a decision that this teacher filed."""
SEEN_OF_OTHERS = (
    "select count(*) from roster.syncs where dagster_run_id = 'operator'",
    "select count(*) from roster.reviews",
    "select count(*) from roster.corrections",
)
CHOSEN = "select array_agg(section_id) from roster.library_classes where account_id = :account and removed_at is null"


@pytest.fixture(autouse=True)
def _patient(site):
    """Let the accounts of the module file more requests than a person may."""
    yield
    site.execute("update roster.refresh_requests set requested_at = requested_at - interval '2 hours'")


@pytest.fixture(scope="module")
def browsers(site, town):
    return [enter(site, town.key("teacher", number)) for number in (1, 2)]


@pytest.fixture
def teachers(site, town, browsers):
    """Browsers of both teachers. Each has the own class, and neither has the class that they share."""
    for number, browser in enumerate(browsers, start=1):
        account, own = account_of(site, town.key("teacher", number))["id"], town.key("section", number)
        if site.value(CHOSEN, account=account) != [own]:
            choose(site, browser, own)
    return browsers


def names(browser):
    """Return which of the classes of the town the list of classes shows."""
    text = browser.get("/clever/classes").text
    return [name for name in ("Art", "Biology", "Choir") if f"<bdi>{name}</bdi></a>" in text]


def test_a_teacher_adds_removes_and_adds_a_class_again(site, town, teachers):
    ana, _ = teachers
    art, choir = town.key("section", 1), town.key("section", 3)
    answer = choose(site, ana, art, choir).text
    added, roster = names(ana), site.value(ROSTER, key=art)
    choose(site, ana, choir)
    removed = names(ana)
    choose(site, ana, art, choir)

    assert "Done on" in answer
    assert (added, removed, names(ana)) == (["Art", "Choir"], ["Choir"], ["Art", "Choir"])
    assert site.value(ROSTER, key=art) == roster


def test_saving_is_one_act_and_one_update(site, town, teachers):
    ana, _ = teachers
    account, art = account_of(site, town.key("teacher"))["id"], town.key("section", 1)
    form, before = ana.get("/clever/library"), site.value(ACTS, act="choose_classes")
    answers = {ana.submit("/clever/library", form, **{f"class-{art}": "1"}).headers["location"] for _ in range(3)}
    done = site.value(PUBLISHED, account=account)
    work(site)

    assert len(answers) == 1
    assert site.value(ACTS, act="choose_classes") == before + 1
    assert site.value(PUBLISHED, account=account) == done + 1


def test_an_older_window_changes_no_class(site, town, teachers):
    first, _ = teachers
    second = enter(site, town.key("teacher"))
    art, choir = town.key("section", 1), town.key("section", 3)
    form = first.get("/clever/library")
    choose(site, second, art, choir)
    with_choir = names(first)
    stale = first.submit("/clever/library", form, **{f"class-{art}": "1"})
    work(site)
    after = names(first)
    first.submit("/clever/library", stale, **{f"class-{art}": "1"})
    work(site)

    assert (stale.status_code, "Something changed meanwhile." in stale.text) == (409, True)
    assert (with_choir, after) == (["Art", "Choir"], ["Art", "Choir"])
    # The answer is the form as it is now.
    assert (names(first), names(second)) == (["Art"], ["Art"])


def test_co_teachers_share_one_class_that_one_of_them_updates(site, town, teachers):
    choir = town.key("section", 3)
    for number, browser in enumerate(teachers, start=1):
        choose(site, browser, town.key("section", number), choir)
    roster, newcomer = site.value(ROSTER, key=choir), town.student(4, "Newcomer", "Quist")
    students = town.get("sections", choir)["students"]
    town.edit("sections", choir, students=[*students, newcomer])
    update(site, teachers[1])
    seen = ["Newcomer Q" in browser.get(f"/clever/classes/{roster}").text for browser in teachers]
    choose(site, teachers[0], town.key("section", 1))
    town.edit("sections", choir, students=students)

    assert seen == [True, True]
    # The class of the other teacher stays when one of them removes it.
    assert (names(teachers[0]), names(teachers[1])) == (["Art"], ["Biology", "Choir"])


def test_a_student_of_several_teachers_is_one_account(site, town, teachers):
    student = town.key("student", 2)
    home = enter(site, student).get("/home").text

    assert site.value(ACCOUNTS, key=student) == 1
    assert all(name in home for name in ("Art", "Biology", "Ana Diaz", "Bo Ek"))
    assert "Zulu" not in home


def test_a_student_moves_from_one_teacher_to_another(site, town, teachers):
    art, biology, student = town.key("section", 1), town.key("section", 2), town.key("student")
    account, before = account_of(site, student)["id"], [town.get("sections", key)["students"] for key in (art, biology)]
    town.edit("sections", art, students=before[0][1:])
    town.edit("sections", biology, students=[*before[1], student])
    update(site, teachers[1])
    both = enter(site, student).get("/home").text
    update(site, teachers[0])
    moved = enter(site, student).get("/home").text
    for key, students in zip((art, biology), before, strict=True):
        town.edit("sections", key, students=students)

    assert ("Art" in both, "Biology" in both) == (True, True)
    assert ("Art" in moved, "Biology" in moved) == (False, True)
    assert account_of(site, student)["id"] == account


def test_a_student_of_no_class_any_more_still_logs_in(site, town, teachers):
    art, student = town.key("section", 1), town.student(5, "Solo", "Kid")
    students = town.get("sections", art)["students"]
    town.edit("sections", art, students=[*students, student])
    update(site, teachers[0])
    account = account_of(site, student)["id"]
    town.edit("sections", art, students=students)
    update(site, teachers[0])
    home = enter(site, student).get("/home")

    assert "Your teacher has not added you to a class yet." in home.text
    assert account_of(site, student)["id"] == account


def test_a_teacher_without_classes_can_make_one(site, town, new_browser):
    browser = new_browser()
    browser.log_in(town.teacher(6, "Cy", "Fu"))
    work(site)
    screen = browser.get("/clever/library").text
    browser.submit("/classes", browser.get("/classes/new"), name="Chess club")

    assert "Clever shows no classes for you. You can make one here." in screen
    assert "Chess club" in browser.get("/clever/classes").text


def test_a_teacher_sees_no_class_of_another_teacher(site, town, teachers):
    ana, bo = teachers
    roster = site.value(ROSTER, key=town.key("section", 1))
    shown = [bo.get(path).text for path in ("/clever/classes", "/clever/library", "/clever/updates", "/clever/audit")]

    assert [each.get(f"/clever/classes/{roster}").status_code for each in teachers] == [200, 404]
    assert not [text for text in shown if "Art" in text or "Kid1" in text]
    own = re.search(r"/clever/syncs/(\d+)", update(site, ana).text)
    assert own is not None
    assert [each.get(own[0]).status_code for each in teachers] == [200, 404]
    assert bo.get(f"{own[0]}.csv").status_code == 404


def test_a_teacher_sees_no_decision_about_another_one(site, town, teachers):
    """Operators decide in the organization of Clever Library too. Their syncs are those of no teacher."""
    ana, bo = (account_of(site, town.key("teacher", number))["id"] for number in (1, 2))
    for statement in OF_OTHERS:
        site.execute(statement, account=ana, key=town.key("teacher"))
    with transaction(site.product) as pg:
        rows = {}
        for account in (ana, bo):
            organization = pg.execute(sa.text("select roster.library_organization()")).scalar()
            set_visibility(pg, Visibility(organization, "classes", (), account))
            rows[account] = [pg.execute(sa.text(query)).scalar() for query in SEEN_OF_OTHERS]
            pg.exec_driver_sql("reset role")

    assert rows == {ana: [0, 1, 1], bo: [0, 0, 0]}


def test_each_login_updates_the_classes(site, town, teachers):
    town.edit("sections", town.key("section", 1), name="Arts")
    browser = enter(site, town.key("teacher"))
    waiting = browser.get("/clever/classes").text
    work(site)
    updated = browser.get("/clever/classes").text
    town.edit("sections", town.key("section", 1), name="Art")

    # The login did not wait for the update.
    assert "Waiting its turn." in waiting
    assert ("<bdi>Arts</bdi>" in waiting, "<bdi>Arts</bdi>" in updated) == (False, True)
    assert "Class lists are as Clever had them" in updated


def test_records_of_clever_library_have_few_fields(site, town, teachers):
    roster = site.value(ROSTER, key=town.key("section", 1))
    screen = teachers[0].get(f"/clever/classes/{roster}").text

    assert "Kid1 Z" in screen
    assert "no email (that is fine)" in screen
    assert "Zulu1" not in screen


def test_the_other_screens_know_clever_library(site, town, teachers):
    pages = {path: teachers[0].get(f"/clever/{path}").text for path in ("why", "sharing", "audit", "holds")}
    student = account_of(site, town.key("student"))["id"]
    answer = teachers[0].get(f"/clever/why/{student}").text

    assert "first letter of the last name" in pages["sharing"]
    assert not re.search("Your district|Schools|phone number of", pages["sharing"])
    assert "added or removed classes" in pages["audit"]
    assert "We keep no copy of what Clever shows you." in answer
    assert "ask our account team" in teachers[0].get("/help").text


def test_students_from_clever_join_a_class_that_was_made_here(site, town, teachers):
    ana, _ = teachers
    made = ana.submit("/classes", ana.get("/classes/new"), name="Chess club").headers["location"].partition("?")[0]
    adding = f"{made.replace('/clever', '')}/students"
    offered = ana.get(adding).text
    student = account_of(site, town.key("student"))["id"]
    ana.submit(adding, ana.get(adding), **{f"add-{student}": "1"})
    update(site, ana)

    assert ("Kid1 Z" in offered, "Kid3" in offered) == (True, False)
    assert "Kid1 Z" in ana.get(made).text
    assert "Chess club" in enter(site, town.key("student")).get("/home").text


def test_a_teacher_cannot_have_too_many_classes(site, town, teachers, monkeypatch):
    ana, _ = teachers
    monkeypatch.setattr(library, "MAX_CLASSES", 1)
    fields = {f"class-{town.key('section', number)}": "1" for number in (1, 3)}
    answer = ana.submit("/clever/library", ana.get("/clever/library"), **fields)

    assert answer.status_code == 409
    assert "You can have at most 1 classes from Clever here." in answer.text
    assert names(ana) == ["Art"]
