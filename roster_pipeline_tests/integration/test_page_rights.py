"""What a person who is logged in to the Clever page reaches, and when the access ends."""

import re

import pytest
import sqlalchemy as sa

from roster_pipeline.product.tables import metadata
from roster_pipeline.web.visibility import Visibility, page_transaction
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import FOREIGN, person

ADMIN = "update roster.org_memberships set ended_at = {} where is_admin and role = 'admin' and organization_id = :own"
OWN = "select id from roster.organizations where clever_district_id = :district"
JOIN_SECOND = """
    insert into roster.org_memberships (organization_id, account_id, role, is_admin)
    select (select max(id) from roster.organizations), account_id, 'admin', true from roster.org_memberships
    where is_admin and role = 'admin' and organization_id = (select min(id) from roster.organizations)
"""
LEAVE_SECOND = """
    update roster.org_memberships as m set ended_at = now() from roster.accounts as a
    where a.id = m.account_id and m.role = 'admin' and a.email like '%town1.example.org'
        and m.organization_id = (select max(id) from roster.organizations)
"""
SEPARATE = (
    "directory",
    "rosters",
    "schools",
    "org_memberships",
    "identity_links",
    "reviews",
    "syncs",
    "holds",
    "refresh_requests",
)


@pytest.fixture
def own(site):
    return site.value(OWN, district=site.towns[0].id)


def test_log_out_ends_the_session_here(site, browser):
    browser.log_in(person(site.towns[0], "student"))
    token = browser.session
    answer = browser.submit("/logout", browser.get("/home"))

    assert "You are logged out here" in browser.get(answer.headers["location"]).text
    assert browser.session is None
    browser.cookies.set("s", token)
    assert browser.get("/home").headers["location"].startswith("/login")


@pytest.mark.parametrize("csrf", ["", "wrong", "é"])
def test_a_form_without_the_sessions_token_does_nothing(site, browser, csrf):
    browser.log_in(person(site.towns[0], "student"))

    assert browser.post("/logout", data={"csrf": csrf, "form_token": "t"}).status_code == 403
    assert browser.get("/home").status_code == 200


def test_a_hostile_form_token_is_refused(site, browser):
    browser.log_in(person(site.towns[0], "student"))
    answer = browser.submit("/logout", browser.get("/home"), form_token="\x00")
    assert answer.status_code == 400


def test_a_removed_admin_loses_access_at_the_next_request(site, browser, own):
    browser.log_in(person(site.towns[0], "staff"))
    site.execute(ADMIN.format("now()"), own=own)
    refused = browser.get("/clever")
    site.execute(ADMIN.format("null"), own=own)

    assert refused.status_code == 403
    assert browser.get("/clever").headers["location"].startswith("/login")


def test_a_student_reaches_only_their_own_classes(site, browser):
    browser.log_in(person(site.towns[0], "student"))
    home = browser.get("/home").text

    assert "Hi Stu1." in home
    assert "Algebra 1" in home
    assert "Tea1 Cher1" in home
    assert "Class 100" not in home
    assert [browser.get(path).status_code for path in ("/clever", "/clever/classes")] == [403, 403]


def test_a_session_of_a_student_ends_after_45_idle_minutes(site, new_browser):
    browsers = {role: new_browser() for role in ("student", "teacher")}
    for role, browser in browsers.items():
        browser.log_in(person(site.towns[0], role))
    site.time.pass_by(minutes=46)

    assert browsers["student"].get("/session/ending").headers["hx-redirect"] == "/login"
    assert browsers["student"].get("/").headers["location"] == "/login"
    assert browsers["student"].get("/home").headers["location"].startswith("/login")
    assert browsers["teacher"].get("/clever/classes").status_code == 200


def test_an_admin_reads_the_four_counts_of_the_district(site, browser):
    browser.log_in(person(site.towns[0], "staff"))
    page = browser.get("/clever").text
    assert re.findall(r"<strong>(\d+)</strong> (\w+)", page) == [
        ("2", "schools"),
        ("21", "teachers"),
        ("5", "classes"),
        ("21", "students"),
    ]


def test_a_person_chooses_the_language(site, browser):
    browser.log_in(person(site.towns[0], "teacher"))
    answer = browser.submit("/language", browser.get("/clever/classes"), language="es")

    assert answer.headers["location"] == "/clever/classes"
    assert '<html lang="es">' in browser.get("/clever/classes").text
    browser.log_in(person(site.towns[0], "teacher"))
    assert '<html lang="es">' in browser.get("/help").text


def test_a_teacher_who_is_an_admin_switches_the_role(site, browser, own):
    teacher = "role = 'teacher' and account_id = (select account_id from roster.identity_links where clever_id = :id)"
    key = person(site.towns[0], "teacher")
    site.execute(f"update roster.org_memberships set is_admin = true where {teacher}", id=key)
    browser.log_in(key)
    admin = browser.get("/clever")
    answer = browser.submit("/switch", admin, place=f"{own}:teacher")
    foreign = browser.submit("/switch", browser.get("/clever/classes"), place=f"{own + 1}:district_admin")
    site.execute(f"update roster.org_memberships set is_admin = false where {teacher}", id=key)

    assert admin.status_code == 200
    assert (answer.headers["location"], foreign.headers["location"]) == ("/", "/")
    assert browser.get("/").headers["location"] == "/clever/classes"


def test_a_second_press_of_a_switch_between_districts(site, browser):
    site.execute(JOIN_SECOND)
    browser.log_in(person(site.towns[0], "staff"))
    first, second = site.value("select array_agg(id order by id) from roster.organizations")
    page = browser.get("/clever")
    places = [f"{second}:district_admin", f"{first}:district_admin"]
    answers = [browser.submit("/switch", page, place=place) for place in places]
    screen = browser.get("/clever").text
    site.execute(LEAVE_SECOND)

    assert [(answer.status_code, answer.headers.get("location")) for answer in answers] == [(303, "/")] * 2
    assert "Town 2" in screen


def test_the_screens_of_an_admin_name_no_other_district(site, browser):
    browser.log_in(person(site.towns[0], "staff"))
    for path in ("/clever", "/clever/classes", "/help"):
        page = browser.get(path).text
        assert "Town 1" in page
        assert not [name for name in ("Town 2", "Algebra 2", "Cher2") if name in page]


@pytest.mark.parametrize("sees", ["organization", "schools", "classes", "self", ""])
def test_the_page_sees_no_row_of_another_organization(site, own, sees):
    everything = Visibility(own, sees, schools=(*range(1, 50), *range(FOREIGN, FOREIGN + 50)), account_id=1)
    with page_transaction(site.app._app.state.web.engine, everything) as pg:
        tables = [metadata.tables[f"roster.{name}"] for name in SEPARATE]
        seen = {table.name: set(pg.execute(sa.select(table.c.organization_id)).scalars()) for table in tables}
    assert set().union(*seen.values()) <= {own}
    assert sees != "organization" or seen["rosters"] == {own}


def test_a_browser_that_prefers_spanish_gets_spanish(site, browser):
    browser.log_in(person(site.towns[0], "staff"))
    spanish = browser.get("/clever", headers={"accept-language": "es-MX,es;q=0.9,en;q=0.5"})

    assert '<html lang="es">' in spanish.text
    assert "Actualizar listas" in spanish.text
    assert "Update Roster" not in spanish.text
