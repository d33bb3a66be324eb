"""Odd records of Clever on the page: missing and long fields, equal names, several roles, schools and classes."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest

from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import MAKE_ADMIN, URL, clever_id, person
from roster_pipeline_tests.support.page_people import account_of, class_of, organization_of, school_admin

LONG = "\u0645\u062f\u0631\u0633\u0629 " * 50 + "end"
"""An Arabic name of more than 255 characters."""
HIDE = "update roster.rosters set hidden_at = now() where id = :id"
SCREENS = ("/clever", "/clever/schools", "/clever/teachers", "/clever/classes", "/clever/students", "/clever/updates")
RESET = """
    update roster.organizations set clever_pause_end = null, clever_error = null, last_read_at = :at where id = :own
"""


@pytest.fixture(scope="module")
def town(site):
    """Town 1 with odd people and classes."""
    town, teachers = site.towns[0], [person(site.towns[0], "teacher")]
    bare = town.student(31, email=None)
    long = town.student(32, "Long", LONG)
    twice = [town.student(number, "Same", f"Email{number}", email="same@town1.example.org") for number in (33, 34)]
    far = town.student(35, "Far", "Away", roles={"student": town.role(35, school=1)})
    schools = [clever_id(1, "school", number) for number in (1, 0)]
    both = town.student(36, "Two", "Schools", roles={"student": {"school": schools[0], "schools": schools}})
    second = town.teacher(37, "Second", "Teacher", email=None)
    town.section(71, teachers=[*teachers, second], students=[bare, long, *twice, far], name="Twin", period="1")
    town.section(72, teachers=teachers, students=[bare, both], name="Twin", period="2")
    town.section(73, teachers=teachers, students=[bare], name="Before", period=None, term_id=None, subject=None)
    site.sync(town)
    return town


@pytest.fixture
def admin(site, town, browser):
    browser.log_in(person(town, "staff"))
    return browser


def test_records_with_missing_and_long_fields_are_shown(admin, town):
    students = admin.get("/clever/students").text
    assert [admin.get(path).status_code for path in SCREENS] == [200] * len(SCREENS)
    assert "no email (that is fine)" in students
    assert LONG.strip() in students


def test_people_without_an_email_and_with_equal_ones_log_in(site, town, new_browser):
    accounts = set()
    for number in (31, 33, 34):
        browser = new_browser()
        assert browser.log_in(person(town, "student", number)).headers["location"] == "/home"
        accounts.add(account_of(site, person(town, "student", number)))
        assert town.person(person(town, "student", number))["name"]["first"] in browser.get("/home").text
    assert len(accounts) == 3


def test_a_changed_email_logs_in_to_the_same_account(site, town, browser):
    key = person(town, "student", 36)
    account = account_of(site, key)
    town.edit("users", key, email="moved@town1.example.org")
    browser.log_in(key)
    assert account_of(site, key) == account
    assert browser.get("/home").text.count("Hi Two.") == 1


def test_classes_of_one_name_stay_two(site, admin):
    page = admin.get("/clever/classes").text
    rows = [row for row in re.findall(r"<tr>.*?</tr>", page, re.S) if "<bdi>Twin</bdi>" in row]
    assert ["<bdi>1</bdi>" in rows[0], "<bdi>2</bdi>" in rows[1], len(rows)] == [True, True, 2]


def test_a_class_marks_members_of_other_schools(site, admin):
    page = admin.get(
        f"/clever/classes/{site.value('select min(id) from roster.rosters where name = :n', n='Twin')}"
    ).text
    marked = re.findall(r"<bdi>([^<]*)</bdi>\s*<span class=\"muted\">of another school", page)
    assert marked == ["Far Away"]


def test_a_person_has_all_schools_with_the_primary_first(admin):
    page = admin.get("/clever/students?q=two+schools").text
    assert "<bdi>School 1</bdi>, <bdi>School 0</bdi>" in page


def test_every_teacher_of_a_class_sees_it(town, new_browser):
    for number in (1, 37):
        browser = new_browser()
        browser.log_in(person(town, "teacher", number))
        assert "Twin" in browser.get("/clever/classes").text


def test_a_renamed_class_stays_the_same_one(site, town, admin):
    key = class_of(site, "Before")
    site.execute(HIDE, id=key)
    town.edit("sections", clever_id(1, "section", 73), name="Afterwards")
    site.sync(town)
    page = admin.get(f"/clever/classes/{key}").text
    assert ("Afterwards" in page, class_of(site, "Afterwards") == key, "hidden" in page) == (True, True, True)


def test_a_student_of_several_classes_chooses(town, browser):
    browser.log_in(person(town, "student", 31))
    assert browser.get("/home").text.count("<bdi>Twin</bdi>") == 2


def test_every_screen_says_who_is_logged_in_and_logs_out(admin):
    for path in SCREENS:
        page = admin.get(path).text
        assert "Jordan Lee" in page
        assert 'action="/logout"' in page


def test_an_admin_without_a_school_sees_nobody(site, town, browser):
    with school_admin(site, town) as key:
        browser.log_in(key)
        texts = [browser.get(path).text for path in SCREENS]
        named = [name for name in ("Twin", "Stu1", "Tea1", "School 0", "Student10") if name in " ".join(texts)]
    assert named == []


def test_all_logins_have_one_redirect_without_parameters(site, browser):
    places = [
        browser.get(f"/login/clever{query}").headers["location"] for query in ("", f"?district={site.towns[1].id}")
    ]
    queries = [parse_qs(urlsplit(place).query) for place in places]
    assert [query["redirect_uri"] for query in queries] == [[f"{URL}/auth/clever/callback"]] * 2
    # The page asks for a code and for no ID token.
    assert [(query["response_type"], "scope" in query) for query in queries] == [(["code"], False)] * 2
    assert "Log in with Clever" in browser.get("/login").text


def test_a_district_admin_of_clever_without_schools_logs_in(site, town, new_browser):
    key = town.staff(38, email="admin38@town1.example.org", roles={"district_admin": {}})
    assert new_browser().log_in(key).status_code == 403  # There is no account with this email yet.
    site.value(MAKE_ADMIN, email="admin38@town1.example.org", district=town.id)
    answer = new_browser().log_in(key)
    assert answer.headers["location"] == "/clever"


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("clever_pause_end = now() + interval '9 days'", "Clever is paused until"),
        ("clever_error = 'Upload <b>failed</b>'", "Clever says: “Upload &lt;b&gt;failed&lt;/b&gt;”"),
        ("last_read_at = now() - interval '3 days'", "Clever was last read on"),
    ],
)
def test_the_overview_says_what_clever_says(site, town, admin, change, sentence):
    own = organization_of(site, town)
    before = site.value("select to_jsonb(o) from roster.organizations as o where id = :own", own=own)
    site.execute(f"update roster.organizations set {change} where id = :own", own=own)
    page = admin.get("/clever").text
    site.execute(RESET, own=own, at=before["last_read_at"])
    assert sentence in page


def test_a_district_that_shares_nothing_says_so(site, town, admin):
    own = organization_of(site, town)
    with site.product.begin() as pg:
        pg.exec_driver_sql("set local session_replication_role = replica")
        pg.exec_driver_sql(f"update roster.schools set archived_at = now() where organization_id = {own}")
    page = admin.get("/clever").text
    with site.product.begin() as pg:
        pg.exec_driver_sql("set local session_replication_role = replica")
        pg.exec_driver_sql(f"update roster.schools set archived_at = null where organization_id = {own}")
    assert "Clever answers, but your district shares nothing with us yet." in page
