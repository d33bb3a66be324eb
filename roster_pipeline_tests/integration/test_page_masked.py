"""A district that shares no name and no email of its people: every screen and every act works (docs/rules.md R6.7)."""

import re
from html import unescape

import pytest

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import MAKE_ADMIN, Browser, person
from roster_pipeline_tests.support.page_people import account_of, class_of
from roster_pipeline_tests.support.town import Town

NUMBER = 5
LINKS = """
    select jsonb_object_agg(rule, n) from (
        select l.rule, count(*) as n from roster.identity_links as l
        inner join roster.organizations as o on o.id = l.organization_id
        where o.clever_district_id = :id and l.unlinked_at is null group by 1
    ) as rules
"""
OPEN = """
    select count(*) from roster.{} as r inner join roster.organizations as o on o.id = r.organization_id
    where o.clever_district_id = :id and r.state = 'open'
"""
FAULTS = {
    "a word of the program": re.compile(r"\bNone\b|\bnull\b"),
    "a name of nothing": re.compile(r'aria-label="(?:[^"]* |)"'),
    "an empty control": re.compile(r"<(a|button)\b(?![^>]*aria-label)[^>]*>\s*</\1>"),
    "two blanks in a sentence": re.compile(r"\w  +\w"),
}
LINK = re.compile(r'href="(/[^"#]*)"')


@pytest.fixture(scope="module")
def town(site):
    """A district that has masked its people from the beginning."""
    town = Town(NUMBER)
    admin = town.staff(1)
    teacher, students = town.teacher(1), [town.student(number) for number in range(1, 9)]
    town.section(1, teachers=[teacher], students=students, name="Algebra 5")
    town.mask_people()
    site.towns.append(town)
    with transaction(site.product) as pg:
        connect_district(pg, town.id, name=town.name, tier="secure_sync")
    site.sync(town)
    site.execute(MAKE_ADMIN, email=town.person(admin)["email"], district=town.id)
    return town


@pytest.fixture
def admin(site, town, browser):
    """The admin of the district, whose email Clever does not tell, so that Google opens the account."""
    browser.log_in_with_google(person(town, "staff"))
    return browser


def enter(site, user_id):
    browser = Browser(site)
    assert browser.log_in(user_id).status_code == 303
    return browser


def find_faults(text):
    body = re.sub(r"<(script|style|textarea)\b.*?</\1>", "", text, flags=re.S)
    return [f"{name}: {unescape(match[0])}" for name, sign in FAULTS.items() for match in sign.finditer(body)]


def crawl(browser, start, most=2):
    """Follow the links of a role, at most some of one shape. Return the faults by path, and the paths."""
    waiting, seen, shapes, faults = [start], set(), {}, {}
    while waiting:
        path = unescape(waiting.pop(0))
        shape = re.sub(r"\d+", "1", path.partition("?")[0])
        if path in seen or shapes.get(shape, 0) >= most or path.startswith(("/static", "/login")):
            continue
        seen.add(path)
        shapes[shape] = shapes.get(shape, 0) + 1
        answer = browser.get(path)
        if ".csv" not in path:
            waiting += LINK.findall(answer.text)
        wrong = find_faults(answer.text) + ([] if answer.status_code in (200, 303) else [str(answer.status_code)])
        faults |= {path: wrong} if wrong else {}
    return faults, shapes


def work(site):
    run_corrections(site.product, lambda: site.time.now)


def test_everybody_has_an_account_and_no_review_opens(site, town):
    persons = [user for user in town.resources["users"].values() if not user["roles"].keys() & {"staff"}]

    assert site.value(LINKS, id=town.id) == {"created": len(persons)}
    assert [site.value(OPEN.format(table), id=town.id) for table in ("reviews",)] == [0]


def test_every_screen_of_each_role_shows_what_there_is(site, town, admin):
    visitors = {"/clever": admin, "/clever/classes": enter(site, person(town, "teacher"))}
    visitors["/home"] = enter(site, person(town, "student"))
    found = {start: crawl(visitor, start) for start, visitor in visitors.items()}

    assert {start: faults for start, (faults, _) in found.items()} == {start: {} for start in visitors}
    assert len(found["/clever"][1]) > 15


def test_people_without_a_name_can_be_told_apart(site, town):
    student = account_of(site, person(town, "student"))
    teacher = enter(site, person(town, "teacher"))
    screen = teacher.get(f"/clever/classes/{class_of(site, 'Algebra 5')}").text

    assert f"Person {student}" in screen
    assert f"<bdi>Person {account_of(site, person(town, 'teacher'))}</bdi> · Teacher" in screen
    assert f'aria-label="Why? Person {student}"' in screen


def test_a_teacher_makes_a_class_of_people_without_names(site, town):
    student = account_of(site, person(town, "student"))
    teacher = enter(site, person(town, "teacher"))
    made = teacher.submit("/classes", teacher.get("/classes/new"), name="Club 5").headers["location"]
    path = f"/classes/{made.rpartition('/')[2].partition('?')[0]}/students"
    offered = teacher.get(path)
    teacher.submit(path, offered, **{f"add-{student}": "1"})

    trail = teacher.get("/clever/audit").text
    assert f"<bdi>Person {account_of(site, person(town, 'teacher'))}</bdi></td>" in trail
    assert "Another admin" not in trail
    assert f"Person {student}" in offered.text
    assert find_faults(offered.text) == find_faults(teacher.get(made).text) == []
    assert "Club 5" in enter(site, person(town, "student")).get("/home").text


def test_a_plan_on_hold_names_whom_it_can(site, town, admin):
    gone = [person(town, "student", number) for number in range(100, 105)]
    kept = [town.person(key) for key in gone]
    town.leave(*gone)
    newcomer = town.student(70)
    town.section(70, teachers=[person(town, "teacher")], students=[newcomer])
    site.sync(town)
    plan = site.value("select left(plan_digest, 12) from roster.holds where state = 'open' order by id desc limit 1")
    letter, people = admin.get(f"/clever/holds/{plan}"), admin.get(f"/clever/holds/{plan}/people")
    for user in kept:
        town.put("users", user)
    site.sync(town)

    sync = site.value("select max(sync_id) from roster.changes where entity = 'roster_students'")
    changed = admin.get(f"/clever/syncs/{sync}").text

    assert f'<th scope="row"><bdi>Person {account_of(site, newcomer)}</bdi></th>' in changed
    assert (letter.status_code, people.status_code) == (200, 200)
    assert find_faults(letter.text) == find_faults(people.text) == []


def test_names_that_end_and_come_back_ask_nobody(site, town, admin):
    """The district shares the names for a while. Nothing is held, no account is merged, and the page shows them."""
    before = site.value("select count(*) from roster.accounts")
    town.mask_people(is_masked=False)
    site.sync(town)
    shared = admin.get("/clever/students").text
    town.mask_people()
    site.sync(town)
    masked = admin.get("/clever/students").text

    assert ("student1@town5.example.org" in shared, "student1@town5.example.org" in masked) == (True, False)
    assert site.value("select count(*) from roster.accounts") == before
    assert site.value(OPEN.format("reviews"), id=town.id) == 0
    assert "plan waits" not in admin.get("/clever").text
