"""District admins see, make and remove admins; staff read what Clever shares; the audit trail is cut to each role."""

import csv
import re
from io import StringIO

import pytest

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import clever_id, person
from roster_pipeline_tests.support.page_people import add_class

OWN = "select id from roster.organizations where clever_district_id = :district"
AUDIT = "select count(*) from roster.web_audit where act = 'manage_admins'"
WAITING = "select args from roster.corrections order by id desc limit 1"
ADD = """
    with person as (
        insert into roster.accounts (email, first_name, role) values (:email, 'Second', 'admin') returning id
    )
    insert into roster.org_memberships (organization_id, account_id, role, is_admin)
    select :own, person.id, 'admin', true from person returning account_id
"""
REMOVE = "update roster.org_memberships set is_admin = false where account_id = :id"


def staff_account(site):
    """Return the account of the admin whose browser the tests use."""
    email = site.towns[0].person(person(site.towns[0], "staff"))["email"]
    return site.value("select id from roster.accounts where email = :email", email=email)


@pytest.fixture
def own(site):
    return site.value(OWN, district=site.towns[0].id)


@pytest.fixture
def second(site, own):
    """Another admin of the district. The name looks like a formula and like a tag."""
    number = site.value(ADD, own=own, email="second@example.org")
    yield number
    site.execute(REMOVE, id=number)
    site.execute("update roster.accounts set email = null where id = :id", id=number)


@pytest.fixture
def admin(site, browser):
    browser.log_in(person(site.towns[0], "staff"))
    return browser


def test_admins_are_listed_with_their_scope(admin, second):
    page = admin.get("/clever/admins").text
    assert [text in page for text in ("Jordan Lee", "Second", "The whole district", "Our team")] == [True] * 4


def test_the_worker_makes_an_admin_once(site, admin):
    before = site.value(AUDIT)
    form = admin.get("/clever/admins")
    school = site.value("select id from roster.schools where clever_id = :id", id=clever_id(1, "school", 1))
    fields = {"email": " new@example.org ", "scope": "schools", f"school_{school}": "1"}
    answers = [admin.submit("/clever/admins", form, **fields) for _ in range(2)]

    assert len({answer.headers["location"] for answer in answers}) == 1
    assert site.value(WAITING) == {"email": "new@example.org", "schools": [clever_id(1, "school", 1)]}
    run_corrections(site.product, lambda: site.time.now)
    assert "The person is an admin now" in admin.get(answers[0].headers["location"]).text
    assert site.value(WAITING) == {"schools": [clever_id(1, "school", 1)]}
    assert site.value(AUDIT) == before + 1
    (row,) = re.findall(r"<tr>(?:(?!</tr>).)*new@example.org.*?</tr>", admin.get("/clever/admins").text, re.S)
    assert [text in row for text in ("School 1", "Jordan Lee", "not known")] == [True, True, False]


def test_a_student_is_not_made_an_admin(site, admin):
    email = site.towns[0].person(person(site.towns[0], "student"))["email"]
    answer = admin.submit("/clever/admins", admin.get("/clever/admins"), email=email, scope="organization")
    run_corrections(site.product, lambda: site.time.now)
    assert "This person cannot be an admin here." in admin.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    ("fields", "refusal"),
    [
        ({"email": "nobody", "scope": "organization"}, "Give the email"),
        ({"email": "new@example.org", "scope": "schools"}, "Choose at least one school"),
        ({"email": "new@example.org", "scope": "schools", "school_999999": "1"}, "Choose at least one school"),
    ],
)
def test_a_wrong_request_is_refused_in_the_form(site, admin, fields, refusal):
    before = site.value("select count(*) from roster.corrections")
    answer = admin.submit("/clever/admins", admin.get("/clever/admins"), **fields)
    assert (answer.status_code, refusal in answer.text) == (400, True)
    assert site.value("select count(*) from roster.corrections") == before


def test_a_removed_admin_loses_rights_and_sessions(site, admin, own, second):
    before = site.value(AUDIT)
    form = admin.get("/clever/admins")
    path = f"/clever/admins/{second}/remove"
    answers = [admin.submit(path, form) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [303, 303]
    assert site.value("select is_admin from roster.org_memberships where account_id = :id", id=second) is False
    assert site.value(AUDIT) == before + 1


def test_an_admin_who_teaches_stays_a_teacher(site, admin, own, second, new_browser):
    me = staff_account(site)
    class_id = add_class(site, site.towns[0], "Own class")
    site.execute("insert into roster.roster_teachers (roster_id, account_id) values (:r, :me)", r=class_id, me=me)
    switched = admin.submit("/switch", admin.get("/clever"), place=f"{own}:teacher")
    landing = admin.get("/").headers["location"]
    site.execute(REMOVE, id=me)
    teacher = new_browser().log_in(person(site.towns[0], "staff"))
    site.execute("update roster.roster_teachers set ended_at = now() where account_id = :me", me=me)
    nobody = new_browser().log_in(person(site.towns[0], "staff"))
    site.execute("update roster.org_memberships set is_admin = true where account_id = :me", me=me)
    site.execute("update roster.rosters set archived_at = now() where id = :r", r=class_id)

    assert (switched.status_code, landing) == (303, "/clever/classes")
    assert teacher.headers["location"] == "/clever/classes"
    assert nobody.status_code == 403
    assert "Your account has no rights here now" in nobody.text
    assert "no longer shares" not in nobody.text


def test_nobody_removes_oneself_or_the_last_admin(site, admin, own, second):
    me = staff_account(site)
    form = admin.get("/clever/admins")
    fields = {"csrf": form.text.split('name="csrf" value="')[1].split('"')[0], "form_token": "own-token"}
    assert admin.post(f"/clever/admins/{me}/remove", data=fields).status_code == 409
    site.execute(REMOVE, id=me)
    assert admin.post(f"/clever/admins/{me}/remove", data={**fields, "form_token": "b"}).status_code == 403
    site.execute("update roster.org_memberships set is_admin = true where account_id = :id", id=me)


def test_an_admin_of_another_district_is_missing(site, admin):
    foreign = site.value(
        "select account_id from roster.org_memberships where is_admin and organization_id <> :own",
        own=site.value(OWN, district=site.towns[0].id),
    )
    form = admin.get("/clever/admins")
    fields = {"csrf": form.text.split('name="csrf" value="')[1].split('"')[0], "form_token": "foreign"}
    answers = [admin.post(f"/clever/admins/{key}/remove", data=fields) for key in (foreign, 99999999)]
    assert [answer.status_code for answer in answers] == [404, 404]


def test_an_old_login_asks_for_a_new_one_first(site, admin, second):
    form = admin.get("/clever/admins")
    site.time.pass_by(minutes=16)
    answer = admin.submit(f"/clever/admins/{second}/remove", form)
    assert answer.status_code == 403
    assert "Please log in again" in answer.text
    assert "/login/clever?next=%2Fclever%2Fadmins" in answer.text


def test_the_audit_trail_says_who_did_what(site, admin):
    admin.submit("/language", admin.get("/clever/audit"), language="en")
    page = admin.get("/clever/audit?act=language").text
    assert [text in page for text in ("Jordan Lee", "chose a language")] == [True] * 2
    rows = list(csv.reader(StringIO(admin.get("/clever/audit.csv?act=language").text)))
    assert (rows[0][1], rows[1][1:3]) == ("Who", ["Jordan Lee", "chose a language"])


def test_a_teacher_reads_the_own_acts_only(site, admin, new_browser):
    admin.submit("/language", admin.get("/clever/audit"), language="en")
    teacher = new_browser()
    teacher.log_in(person(site.towns[0], "teacher"))
    page = teacher.get("/clever/audit").text
    assert "Jordan Lee" not in page
    assert "Nobody has done anything of this kind yet." in page


def test_staff_read_what_clever_shares(site, admin):
    page = admin.get("/clever/sharing").text
    assert [text in page for text in ("birth date", "first name", "Shared with us since")] == [True] * 3
    assert "last_modified" not in page


@pytest.mark.parametrize("path", ["/clever/admins"])
def test_only_district_admins_open_the_admins(site, new_browser, path):
    for role in ("teacher", "student"):
        other = new_browser()
        other.log_in(person(site.towns[0], role))
        assert other.get(path).status_code == 403
