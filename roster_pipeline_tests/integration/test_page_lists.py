"""The lists of schools, teachers, classes and students: who sees what, filters, search, pages and CSV."""

import csv
import re
from html import unescape
from io import StringIO

import pytest

from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person
from roster_pipeline_tests.support.page_people import (
    account_of,
    add_class,
    add_person,
    class_of,
    count_acts,
    move_person,
    school_admin,
    school_of,
)
from roster_pipeline_tests.support.readers import execute

GRADE = """
    with writer as (select set_config('roster.writer', 'sync', true))
    update roster.accounts set grade = '5' from writer where email = :email
"""
LISTS = ("/clever/schools", "/clever/teachers", "/clever/classes", "/clever/students")
HOSTILE = "<script>alert(1)</script> \u202egnp.exe"


@pytest.fixture
def admin(site, browser):
    browser.log_in(person(site.towns[0], "staff"))
    return browser


def names_in(answer):
    """Return the names in the first column of a list."""
    return re.findall(r'<th scope="row">.*?<bdi>(.*?)</bdi>', answer.text)


def test_an_admin_reads_every_list(site, admin):
    pages = {path: admin.get(path) for path in LISTS}

    assert [page.status_code for page in pages.values()] == [200] * 4
    assert names_in(pages["/clever/schools"]) == ["School 0", "School 1"]
    assert len(names_in(pages["/clever/teachers"])) == len(names_in(pages["/clever/students"])) == 21
    assert names_in(pages["/clever/classes"])[:2] == ["Algebra 1", "Class 100"]
    assert "student1@town1.example.org" in pages["/clever/students"].text


def test_lists_name_nobody_of_another_district(site, admin):
    school, foreign = school_of(site, site.towns[1], "School 0"), class_of(site, "Algebra 2")
    for path in (*LISTS, f"/clever/students?school={school}", f"/clever/classes?school={school}&q=Algebra"):
        for suffix in ("", ".csv"):
            answer = admin.get(path.replace("?", f"{suffix}?") if "?" in path else path + suffix)
            assert answer.status_code == 200
            assert not [name for name in ("town2", "Algebra 2", "Cher2", "Dent2") if name in answer.text]
    missing = admin.get("/clever/classes/999999999")
    for path in (f"/clever/classes/{foreign}", f"/clever/classes/{foreign}.csv", f"/clever/schools/{school}"):
        answer = admin.get(path)
        assert answer.status_code == 404
        assert re.sub("Request [0-9a-f]+", "", answer.text) == re.sub("Request [0-9a-f]+", "", missing.text)


def test_a_teacher_sees_only_own_classes(site, browser):
    browser.log_in(person(site.towns[0], "teacher"))
    own, other = class_of(site, "Algebra 1"), class_of(site, "Class 101")

    assert names_in(browser.get("/clever/classes")) == ["Algebra 1"]
    assert "Stu1 Dent1" in browser.get(f"/clever/classes/{own}").text
    assert browser.get(f"/clever/classes/{other}").status_code == 404
    assert [browser.get(path).status_code for path in ("/clever/schools", "/clever/students.csv")] == [403, 403]


def test_a_student_reaches_no_list(site, browser):
    browser.log_in(person(site.towns[0], "student"))
    paths = [path + suffix for path in (*LISTS, "/clever/classes/1") for suffix in ("", ".csv")]
    assert {browser.get(path).status_code for path in paths} == {403}


def test_a_school_admin_sees_one_school(site, browser):
    with school_admin(site, site.towns[0], "School 1") as key:
        browser.log_in(key)
        pages = {path: browser.get(path) for path in LISTS}
        foreign = browser.get(f"/clever/schools/{school_of(site, site.towns[0], 'School 0')}")

        assert names_in(pages["/clever/schools"]) == ["School 1"]
        assert names_in(pages["/clever/classes"]) == names_in(pages["/clever/students"]) == []
        assert pages["/clever/teachers"].status_code == 403
        assert foreign.status_code == 404
    with school_admin(site, site.towns[0], "School 0", "School 1"):
        assert len(names_in(browser.get("/clever/teachers"))) == 21


def test_a_school_admin_lists_nobody_who_left(site, browser):
    town = site.towns[0]
    child = add_person(site, town, "Moved", "Child")
    teacher = add_person(site, town, "Moved", "Master", role="teacher")
    for account in (child, teacher):
        move_person(site, town, account, "School 1")
    with school_admin(site, town, "School 0") as key:
        browser.log_in(key)
        school = browser.get(f"/clever/schools/{school_of(site, town, 'School 0')}")
        fields = {f"verify-{teacher}": "1", "form_token": "moved"}

        assert browser.submit("/clever/teachers/verify", school, **fields).status_code == 409
        for path in ("/clever/students", "/clever/students?q=moved", "/clever/students.csv"):
            assert "Moved" not in browser.get(path).text
        assert re.findall(r"<strong>(\d+)</strong> (teachers|students)", browser.get("/clever").text) == [
            ("21", "teachers"),
            ("21", "students"),
        ]
        assert "in no class" not in browser.get("/clever").text
        assert "Moved Child" in browser.get("/clever/why?q=moved+child").text
    with school_admin(site, town, "School 1") as key:
        assert names_in(browser.get("/clever/students")) == ["Moved Child"]
    site.execute("update roster.org_memberships set ended_at = now() where account_id in (:a, :b)", a=child, b=teacher)


def test_an_admin_of_one_school_verifies_on_its_page(site, browser):
    with school_admin(site, site.towns[0], "School 0") as key:
        browser.log_in(key)
        page = browser.get(f"/clever/schools/{school_of(site, site.towns[0], 'School 0')}")
        assert "Verify Tea1 Cher1" in page.text
        assert "Update this school" in page.text
        assert "Algebra 1" in page.text
        links = set(re.findall(r'href="(/clever[^"]*)"', browser.get("/clever").text))
        assert {browser.get(unescape(link)).status_code for link in links} == {200}


@pytest.mark.parametrize("text", ["dent1", "stu1 dent1", "DENT stu", "student1@town1"])
def test_search_finds_a_student(admin, text):
    assert names_in(admin.get("/clever/students", params={"q": text}))[0] == "Stu1 Dent1"


@pytest.mark.parametrize("text", ["zzq", "'; drop table", "%", "&|!:*", "x" * 5000])
def test_a_search_without_hit_leads_to_why(admin, text):
    page = admin.get("/clever/students", params={"q": text})
    assert page.status_code == 200
    assert "Nobody by this name is here." in page.text
    assert "/clever/why" in page.text


def test_filters_narrow_the_lists(site, admin):
    ava = add_person(site, site.towns[0], "Ava", "Zabel")
    lone = add_person(site, site.towns[0], "Lone", "Zabel", email="lone@example.org", role="teacher")
    students = "/clever/students?state="

    assert names_in(admin.get(students + "no_class")) == ["Ava Zabel"]
    assert names_in(admin.get(students + "no_email")) == ["Ava Zabel"]
    assert names_in(admin.get(students + "in_review")) == []
    assert names_in(admin.get("/clever/students?q=zab&state=no_class")) == ["Ava Zabel"]
    assert names_in(admin.get("/clever/teachers?state=no_class")) == ["Lone Zabel"]
    assert len(names_in(admin.get("/clever/teachers?state=unverified"))) == 22
    assert names_in(admin.get("/clever/classes?state=no_teacher")) == []
    for account in (ava, lone):
        site.execute("update roster.org_memberships set ended_at = now() where account_id = :id", id=account)


def test_more_hidden_classes_than_a_page_are_counted_and_linked(site, admin, monkeypatch):
    hide = "update roster.rosters set hidden_at = {} where name like 'Class 10%'"
    site.execute(hide.format("now()"))
    whole = admin.get("/clever/classes").text
    monkeypatch.setattr("roster_pipeline.web.lists.PAGE_ROWS", 2)
    monkeypatch.setattr("roster_pipeline.web.class_list.PAGE_ROWS", 2)
    cut, hidden = admin.get("/clever/classes").text, admin.get("/clever/classes?state=hidden")
    site.execute(hide.format("null"))

    assert "Hidden classes (4)" in whole
    assert "Hidden classes (4)" in cut
    assert ("?state=hidden" in whole, 'href="?state=hidden"' in cut) == (False, True)
    assert len(names_in(hidden)) == 2
    assert "Next page" in hidden.text


def test_an_admin_who_teaches_counts_as_in_the_list(site, admin):
    values = {"own": add_class(site, site.towns[0], "Chess"), "town": site.towns[0].id}
    site.execute(
        "insert into roster.roster_teachers (roster_id, account_id) select :own, m.account_id "
        "from roster.org_memberships as m inner join roster.organizations as o on o.id = m.organization_id "
        "where m.is_admin and o.clever_district_id = :town",
        **values,
    )
    overview, listed = admin.get("/clever").text, names_in(admin.get("/clever/teachers"))
    site.execute("update roster.roster_teachers set ended_at = now() where roster_id = :own", own=values["own"])
    site.execute("update roster.rosters set archived_at = now() where id = :own", own=values["own"])

    assert "Jordan Lee" in listed
    assert f"<strong>{len(listed)}</strong> teachers" in overview


def test_a_hidden_class_without_teacher_needs_nobody(site, admin):
    hide = "update roster.rosters set hidden_at = {} where id = :own"
    own = class_of(site, "Class 103")
    end = "update roster.roster_teachers set ended_at = {} where roster_id = :own"
    execute(site.product, end.format("now()"), as_sync=True, own=own)
    shown = admin.get("/clever").text
    site.execute(hide.format("now()"), own=own)
    hidden, listed = admin.get("/clever").text, names_in(admin.get("/clever/classes?state=no_teacher"))
    site.execute(hide.format("null"), own=own)
    execute(site.product, end.format("null"), as_sync=True, own=own)

    assert "1 class has no teacher" in shown
    assert "has no teacher" not in hidden
    assert listed == []


@pytest.mark.parametrize(
    "query", ["q=%00", "after=999999999", "after=x", "school=-1", "state=nothing", "school=" + "9" * 30]
)
def test_a_senseless_filter_counts_as_absent(admin, query):
    assert len(names_in(admin.get(f"/clever/students?{query}"))) == 21


def test_an_export_is_audited_with_its_rows(site, admin):
    before = count_acts(site, "export_list")
    site.execute(GRADE, email="student1@town1.example.org")
    answer = admin.get("/clever/students.csv?q=dent1")

    assert answer.headers["content-type"].startswith("text/csv")
    assert "students.csv" in answer.headers["content-disposition"]
    rows = list(csv.reader(StringIO(answer.text.removeprefix("\ufeff"))))
    assert rows == [
        ["Name", "Email", "Grade", "Schools", "Classes"],
        ["Stu1 Dent1", "student1@town1.example.org", "5", "School 0", "Algebra 1"],
    ]
    assert '<td data-label="Grade"><bdi>5</bdi></td>' in admin.get("/clever/students?q=dent1").text
    assert count_acts(site, "export_list") == before + 1
    assert site.value("select after from roster.web_audit where act = 'export_list' order by id desc limit 1") == {
        "rows": 1
    }


def test_every_list_has_its_rows_in_the_csv(site, admin):
    algebra = class_of(site, "Algebra 1")
    for path, number in (
        (LISTS[0], 2),
        (LISTS[1], 21),
        (LISTS[2], 5),
        (LISTS[3], 21),
        (f"/clever/classes/{algebra}", 1),
    ):
        assert f'href="{path}.csv' in admin.get(path).text
        rows = list(csv.reader(StringIO(admin.get(f"{path}.csv").text)))
        assert len(rows) == number + 1, path


def test_hostile_names_stay_text_and_no_formula(site, admin):
    account = add_person(site, site.towns[0], "=1+1", HOSTILE, email="h@example.org")
    roster = add_class(site, site.towns[0], HOSTILE)
    pages = [admin.get(path) for path in ("/clever/students?q=script", "/clever/classes", f"/clever/classes/{roster}")]

    assert ["<script>alert" in page.text for page in pages] == [False] * 3
    assert ["&lt;script&gt;alert(1)" in page.text for page in pages] == [True] * 3
    sheet = admin.get("/clever/students.csv?q=script").text
    assert f'"\'=1+1 {HOSTILE}"' in sheet
    site.execute("update roster.org_memberships set ended_at = now() where account_id = :id", id=account)
    site.execute("update roster.rosters set archived_at = now() where id = :id", id=roster)


def test_no_list_has_a_control_that_edits_clever_data(site, admin):
    own = class_of(site, "Algebra 1")
    for path in (*LISTS, f"/clever/classes/{own}", f"/clever/schools/{school_of(site, site.towns[0], 'School 0')}"):
        page = admin.get(path).text
        actions = set(re.findall(r'<form method="post" action="([^"]+)"', page))
        allowed = {"/language", "/logout", "/switch", "/clever/updates", "/clever/teachers/verify"}
        assert actions - allowed <= {f"/clever/classes/{own}/hide", "/clever/teachers/unverify"}
        assert "Imported from Clever" in page
    assert account_of(site, person(site.towns[0], "student"))


def test_a_school_admin_reads_the_needs_of_now(site, browser):
    """The numbers of a school admin are counted at each request, so they follow an update at once."""
    town, need = site.towns[0], "1 class has no teacher"
    with school_admin(site, town, "School 0") as key:
        browser.log_in(key)
        before = need in browser.get("/clever").text
        town.section(60)
        site.sync(town)
        after = need in browser.get("/clever").text
        town.section(60, teachers=[person(town, "teacher")])
        site.sync(town)

        assert (before, after, need in browser.get("/clever").text) == (False, True, False)
