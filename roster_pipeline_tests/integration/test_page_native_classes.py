"""A teacher makes a class here, renames and deletes it, and adds and removes students."""

import re

import pytest
import sqlalchemy as sa

from roster_pipeline.web.visibility import Visibility, page_transaction
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person
from roster_pipeline_tests.support.page_people import account_of, class_of, count_acts, organization_of

MEMBERS = "select array_agg(account_id) from roster.roster_students where roster_id = :id and ended_at is null"
VERIFY = "update roster.org_memberships set verified_at = {} where account_id = :id"
CHANGED = "Something changed meanwhile. Nothing was changed now. This is the new state."


@pytest.fixture
def teacher(site, browser):
    browser.log_in(person(site.towns[0], "teacher"))
    return browser


@pytest.fixture
def club(teacher):
    """Return the id of a class that teacher 1 has just made."""
    answer = teacher.submit("/classes", teacher.get("/classes/new"), name="  Chess\u0007 club ")
    return int(re.search(r"/clever/classes/(\d+)", answer.headers["location"])[1])


def pages(club):
    return f"/clever/classes/{club}", f"/classes/{club}/students"


def test_a_teacher_makes_a_class(site, teacher, club):
    page = teacher.get(f"/clever/classes/{club}?done=made").text

    assert "The class is made." in page
    assert "<bdi>Chess club</bdi>" in page
    assert "Tea1 Cher1" in page
    assert "School 0" in page
    assert "Chess club" in teacher.get("/clever/classes").text
    assert site.value("select source from roster.rosters where id = :id", id=club) == "native"


@pytest.mark.parametrize("name", ["", "  \t ", "x" * 101])
def test_a_class_without_a_name_is_not_made(site, teacher, name):
    before = site.value("select count(*) from roster.rosters")
    answer = teacher.submit("/classes", teacher.get("/classes/new"), name=name)
    assert answer.status_code == 400
    assert 'href="#name"' in answer.text
    assert site.value("select count(*) from roster.rosters") == before


def test_a_double_press_makes_one_class(site, teacher):
    form, before = teacher.get("/classes/new"), count_acts(site, "make_class")
    answers = [teacher.submit("/classes", form, name="Twice") for _ in range(3)]
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert count_acts(site, "make_class") == before + 1
    assert site.value("select count(*) from roster.rosters where name = 'Twice'") == 1


def test_students_are_added_removed_and_added_again(site, teacher, new_browser, club):
    page, offer = pages(club)
    student = account_of(site, person(site.towns[0], "student"))
    child = new_browser()
    child.log_in(person(site.towns[0], "student"))

    stranger = account_of(site, person(site.towns[0], "student", 101))
    offered = re.findall(r'name="add-(\d+)"', teacher.get(offer).text)
    assert (str(student) in offered, str(stranger) in offered) == (True, False)
    teacher.submit(offer, teacher.get(offer), **{f"add-{student}": "1"})
    assert site.value(MEMBERS, id=club) == [student]
    assert "Chess club" in child.get("/home").text
    assert f'name="add-{student}"' not in teacher.get(offer).text

    teacher.submit(f"{offer}/{student}/remove", teacher.get(page))
    assert site.value(MEMBERS, id=club) is None
    teacher.submit(offer, teacher.get(offer), **{f"add-{student}": "1"})
    assert site.value(MEMBERS, id=club) == [student]


def test_a_teacher_who_can_add_nobody_reads_so(teacher, club, monkeypatch):
    monkeypatch.setattr("roster_pipeline.web.screens.native_classes.list_addable_students", lambda *_: [])
    assert "Every student whom you can add is in this class already." in teacher.get(pages(club)[1]).text


def test_a_verified_teacher_adds_any_student_of_the_school(site, teacher, club):
    _, offer = pages(club)
    account = account_of(site, person(site.towns[0], "teacher"))
    other = account_of(site, person(site.towns[0], "student", 100))
    form = teacher.get(offer)
    refused = teacher.submit(offer, form, **{f"add-{other}": "1"})
    site.execute(VERIFY.format("now()"), id=account)
    names = teacher.get(offer, params={"q": "student100"})
    teacher.submit(offer, names, **{f"add-{other}": "1"})
    site.execute(VERIFY.format("null"), id=account)

    assert refused.status_code == 409
    assert re.findall(r'name="add-(\d+)"', names.text) == [str(other)]
    assert site.value(MEMBERS, id=club) == [other]
    assert "First100 Student100" in teacher.get(pages(club)[0]).text


def test_nobody_adds_a_student_of_another_district(site, teacher, club):
    _, offer = pages(club)
    account = account_of(site, person(site.towns[0], "teacher"))
    foreign = account_of(site, person(site.towns[1], "student"))
    colleague = account_of(site, person(site.towns[0], "teacher", 100))
    site.execute(VERIFY.format("now()"), id=account)
    answers = []
    for number, other in enumerate((foreign, colleague, 999999999)):
        fields = {f"add-{other}": "1", "form_token": f"other{club}-{number}"}
        answers.append(teacher.submit(offer, teacher.get(offer), **fields))
    site.execute(VERIFY.format("null"), id=account)

    assert [answer.status_code for answer in answers] == [409] * 3
    assert site.value(MEMBERS, id=club) is None


def test_a_class_is_renamed_unless_the_form_is_stale(site, teacher, club):
    page = f"/clever/classes/{club}"
    stale = teacher.get(page)
    teacher.submit(f"/classes/{club}/rename", teacher.get(page), name="Go <b>club</b>")

    assert "Go &lt;b&gt;club&lt;/b&gt;" in teacher.get(page).text
    again = teacher.submit(f"/classes/{club}/rename", stale, name="Third")
    assert again.status_code == 409
    assert [text in again.text for text in (CHANGED, "Go &lt;b&gt;club&lt;/b&gt;")] == [True, True]
    assert teacher.submit(f"/classes/{club}/rename", teacher.get(page), name=" ").status_code == 400


def test_a_deleted_class_can_be_had_back_for_30_days(site, teacher, club):
    page = f"/clever/classes/{club}"
    answer = teacher.submit(f"/classes/{club}/delete", teacher.get(page))
    listed = teacher.get(answer.headers["location"])
    assert "You can undo this below" in listed.text
    assert teacher.get(page).status_code == 404

    teacher.submit(f"/classes/{club}/restore", listed)
    assert teacher.get(page).status_code == 200
    site.execute("update roster.rosters set archived_at = now() - interval '31 days' where id = :id", id=club)
    assert f"/classes/{club}/restore" not in teacher.get("/clever/classes").text
    token = {"form_token": f"late{club}"}
    late = teacher.post(f"/classes/{club}/restore", data=form_fields(listed) | token)
    assert late.status_code == 409
    assert [text in late.text for text in (CHANGED, "<h1>Classes</h1>")] == [True, True]


def form_fields(page):
    return dict(re.findall(r'name="(csrf|form_token)" value="([^"]*)"', page.text))


def test_a_form_may_hold_any_character(teacher, club):
    page = teacher.get(f"/clever/classes/{club}")
    assert teacher.submit(f"/classes/{club}/rename", page, name="Club \0", seen="\0").status_code == 409


@pytest.mark.parametrize("act", ["rename", "delete", "restore", "students", "students/1/remove"])
def test_clever_classes_and_those_of_others_cannot_be_edited(site, teacher, new_browser, club, act):
    colleague = new_browser()
    colleague.log_in(person(site.towns[0], "teacher", 100))
    own = class_of(site, "Algebra 1")
    places = ((teacher, own), (colleague, club), (teacher, class_of(site, "Algebra 2")), (teacher, 999999999))
    for number, (browser, roster) in enumerate(places):
        fields = form_fields(browser.get("/classes/new")) | {"form_token": f"{act}-{club}-{number}".replace("/", "-")}
        answer = browser.post(f"/classes/{roster}/{act}", data=fields | {"name": "Mine", "seen": "Algebra 1"})
        assert answer.status_code == 404
    assert "/classes/" not in re.sub("/clever/classes/", "", teacher.get(f"/clever/classes/{own}").text)


def test_admins_and_students_edit_no_class(site, browser, club):
    for role in ("staff", "student"):
        browser.log_in(person(site.towns[0], role))
        fields = form_fields(browser.get("/help"))
        for path in ("/classes", f"/classes/{club}/delete", f"/classes/{club}/students"):
            assert browser.post(path, data=fields | {"name": "x"}).status_code == 403


@pytest.mark.parametrize(
    "statement",
    [
        "insert into roster.roster_students (roster_id, account_id) values (:clever, :student)",
        "insert into roster.roster_students (roster_id, account_id) values (:foreign, :student)",
        "insert into roster.roster_students (roster_id, account_id) values (:club, :stranger)",
        "insert into roster.rosters (organization_id, name) values (:own, 'x')",
        "insert into roster.roster_teachers (roster_id, account_id) values (:foreign, :teacher)",
        "update roster.rosters set name = 'x' where id = :clever",
        "update roster.rosters set source = 'native' where id = :clever",
    ],
)
def test_the_database_refuses_what_the_page_may_not_write(site, teacher, club, statement):
    own = organization_of(site, site.towns[0])
    values = {
        "own": own,
        "club": club,
        "clever": class_of(site, "Algebra 1"),
        "foreign": class_of(site, "Algebra 2"),
        "teacher": account_of(site, person(site.towns[0], "teacher")),
        "student": account_of(site, person(site.towns[0], "student")),
        "stranger": account_of(site, person(site.towns[1], "student")),
    }
    visibility = Visibility(own, "classes", account_id=values["teacher"])
    with pytest.raises(Exception), page_transaction(site.app._app.state.web.engine, visibility) as pg:  # noqa: B017, PT011
        pg.execute(sa.text(statement), values)
    with page_transaction(site.app._app.state.web.engine, Visibility(own, "organization")) as pg:
        assert pg.execute(sa.text("select roster.make_native_class('x')")).scalar() is None
        assert pg.execute(sa.text("select count(*) from roster.addable_students('')")).scalar() == 0
