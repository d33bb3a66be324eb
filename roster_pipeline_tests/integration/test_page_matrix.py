"""Every route of the page with every role and with ids of another district. New screens are walked without a change."""

import re
import time
from itertools import count

import pytest
import sqlalchemy as sa

from roster_pipeline.product.tables import metadata
from roster_pipeline.web.rights import Role
from roster_pipeline.web.routing import ScreenRoute
from roster_pipeline.web.screens import SCREENS
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import FAR_IDS, FOREIGN, Browser, clever_id, person
from roster_pipeline_tests.support.page_library import LibraryTown

ROUTES = [route for screen in SCREENS for route in screen.ROUTES if isinstance(route, ScreenRoute)]
WITH_IDS = [route for route in ROUTES if "{" in route.path]
ACTS = [route for route in ROUTES if route.is_act]
HEADERS = ("content-security-policy", "x-content-type-options", "x-frame-options", "referrer-policy")
ROLES = (
    Role.DISTRICT_ADMIN,
    Role.SCHOOL_ADMIN,
    Role.TEACHER,
    Role.LIBRARY_TEACHER,
    Role.STUDENT,
    Role.NOBODY,
)
MISSING = "999999999999"
MAKE_SCHOOL_ADMIN = """
    with person as (
        insert into roster.accounts (email, first_name, role) values (:email, 'Sam', 'admin') returning id
    ), member as (
        insert into roster.org_memberships (organization_id, account_id, role, is_admin, admin_scope)
        select o.id, person.id, 'admin', true, 'schools' from person, roster.organizations as o
        where o.clever_district_id = :district returning organization_id, account_id
    )
    insert into roster.admin_schools (organization_id, account_id, school_id, made_by)
    select member.organization_id, member.account_id, s.id, 'test' from member, roster.schools as s
    where s.clever_id = :school returning account_id
"""
TOKENS = count(1)
OWNER = "organization_id = (select max(id) from roster.organizations where tier = 'secure_sync')"
TIMED = {
    "/clever/schools/{}": f"select max(id) from roster.schools where {OWNER}",
    "/clever/classes/{}": f"select max(id) from roster.rosters where {OWNER}",
    "/clever/why/{}": f"select max(account_id) from roster.org_memberships where role = 'student' and {OWNER}",
    "/clever/why/class/{}": f"select max(id) from roster.rosters where {OWNER}",
    "/clever/updates/{}": f"select max(id) from roster.refresh_requests where {OWNER}",
    "/clever/syncs/{}": f"select max(id) from roster.syncs where {OWNER}",
}
"""By the path of a screen: the query for a row of the second district."""


def name_of(route):
    return f"{'POST' if route.is_act else 'GET'} {route.path}"


@pytest.fixture(scope="module")
def people(site, foreign_ids):
    """A browser of each role in the first district, and of a Library teacher. Their ids are none of the second one."""
    site.value(FAR_IDS, first=9 * FOREIGN)
    town = site.towns[0]
    school_admin = town.staff(51)
    site.value(
        MAKE_SCHOOL_ADMIN, email=town.person(school_admin)["email"], district=town.id, school=clever_id(1, "school", 0)
    )
    free_town = LibraryTown()
    site.towns.append(free_town)
    users = {
        Role.LIBRARY_TEACHER: free_town.key("teacher", 100),
        Role.DISTRICT_ADMIN: person(town, "staff"),
        Role.SCHOOL_ADMIN: school_admin,
        Role.TEACHER: person(town, "teacher"),
        Role.STUDENT: person(town, "student"),
        Role.NOBODY: town.student(52),
    }
    browsers = {role: Browser(site) for role in users}
    for role, user in users.items():
        assert browsers[role].log_in(user).status_code == 303, role
    return browsers


@pytest.fixture(scope="module")
def foreign_ids(site):
    """An id of each table of the second district, and some texts by which rows are known."""
    site.execute(
        "insert into roster.refresh_requests (organization_id, scope) "
        "select id, 'district' from roster.organizations where clever_district_id = :id",
        id=site.towns[1].id,
    )
    with site.product.connect() as pg:
        ids = {
            pg.execute(sa.select(sa.func.max(table.c.id))).scalar()
            for table in metadata.tables.values()
            if "id" in table.c and isinstance(table.c.id.type, sa.BigInteger)
        }
    numbers = sorted(number for number in ids if number and number >= FOREIGN)
    assert numbers
    return [*map(str, numbers), clever_id(2, "student", 1), "0", "-1", "1e3", "é", "%00"]


def send(browser, route, path, *, csrf=None):
    """Send a request of a route, with the session's own form token if `csrf` is None."""
    if not route.is_act:
        return browser.get(path)
    own = re.search(r'name="csrf" value="([^"]*)"', browser.get("/help").text)[1]
    return browser.post(path, data={"csrf": own if csrf is None else csrf, "form_token": f"t{next(TOKENS)}"})


def state(site):
    """Return how many rows each table has that an act can write, and what it can change."""
    tables = ("web_audit", "corrections", "refresh_requests", "web_identities", "accounts", "admin_schools")
    changed = ("org_memberships", "rosters", "roster_students", "roster_teachers")
    rows = [site.value(f"select count(*) from roster.{table}") for table in tables]
    texts = [site.value(f"select md5(string_agg(t::text, ' ' order by t::text)) from roster.{t} as t") for t in changed]
    return rows + texts


def plain(answer):
    """Return an answer without the number of its request."""
    return answer.status_code, re.sub(r"[0-9a-f]{16}", "", answer.text)


def fill(route, value):
    return re.sub(r"\{[^}]+\}", value, route.path)


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_route_opens_for_its_roles_only(site, people, route):
    before = state(site)
    for role in ROLES:
        if role in route.roles:
            continue
        answer = send(people[role], route, fill(route, MISSING))
        assert answer.status_code == 403, role
        assert {name in answer.headers for name in HEADERS} == {True}
        assert answer.headers["cache-control"] == "no-store"
    assert state(site) == before


@pytest.mark.parametrize("route", ROUTES, ids=name_of)
def test_a_route_without_a_session_leads_to_the_login(site, route):
    browser = Browser(site)
    path = fill(route, MISSING)
    answer = browser.post(path) if route.is_act else browser.get(path)
    assert answer.headers["location"].startswith("/login")


@pytest.mark.parametrize("route", ACTS, ids=name_of)
def test_an_act_without_the_sessions_token_writes_nothing(site, people, route):
    before = state(site)
    for role in route.roles & people.keys():
        for csrf in ("", "wrong"):
            assert send(people[role], route, fill(route, "1"), csrf=csrf).status_code == 403
    assert state(site) == before


@pytest.mark.parametrize("route", WITH_IDS, ids=name_of)
def test_an_id_of_another_district_is_missing(site, people, foreign_ids, route):
    before = state(site)
    for role in route.roles & people.keys():
        missing = plain(send(people[role], route, fill(route, MISSING)))
        answers = {each: plain(send(people[role], route, fill(route, each))) for each in foreign_ids}
        assert missing[0] in (403, 404), role
        assert {each: answer for each, answer in answers.items() if answer != missing} == {}
    assert state(site) == before


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if not route.is_act and "{" not in route.path], ids=name_of
)
def test_a_screen_names_nobody_of_another_district(people, route):
    for role in route.roles & people.keys():
        answer = people[role].get(route.path)
        # An admin of one school has no list of teachers.
        assert answer.status_code in ((200, 303, 403) if role is Role.SCHOOL_ADMIN else (200, 303)), role
        assert {name in answer.headers for name in HEADERS} == {True}
        assert not [name for name in ("Town 2", "Algebra 2", "Cher2", "Dent2", "town2.example") if name in answer.text]


def test_a_student_who_follows_every_link_reads_no_other_name(people):
    student, seen, waiting = people[Role.STUDENT], set(), {"/home"}
    while waiting:
        path = waiting.pop()
        seen.add(path)
        page = student.get(path).text
        assert not [name for name in ("Student10", "student10", "Teacher10", "Jordan") if name in page], path
        waiting |= set(re.findall(r'href="(/[^"#?]*)"', page)) - seen
    assert {"/home", "/help"} <= seen
    assert not [path for path in seen if path.startswith("/clever")]


def test_missing_and_foreign_rows_take_the_same_time(site, people):
    admin, calls = people[Role.DISTRICT_ADMIN], 40
    foreign = {path: site.value(query) for path, query in TIMED.items()}
    assert None not in foreign.values()
    shares = {}
    for path, key in foreign.items():
        pairs = [(spend(admin, path.format(MISSING)), spend(admin, path.format(key))) for _ in range(calls)]
        shares[path] = sum(theirs > missing for missing, theirs in pairs) / calls

    # By chance alone a share is so far from a half once in 20,000 runs.
    assert {path: share for path, share in shares.items() if not 0.2 < share < 0.8} == {}


def spend(browser, path):
    """Return the seconds of an answer that a row is missing."""
    began = time.perf_counter()
    assert browser.get(path).status_code == 404
    return time.perf_counter() - began
