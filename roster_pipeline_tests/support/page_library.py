"""A town whose district is not connected, so its teachers and students come through Clever Library."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline.web.library_worker import LibraryUpdates
from roster_pipeline_tests.support.page import Browser, clever_id
from roster_pipeline_tests.support.town import Town

NUMBER = 7
ACCOUNT = """
    select to_jsonb(a) || jsonb_build_object('rule', l.rule, 'evidence', l.evidence) from roster.identity_links as l
    inner join roster.accounts as a on a.id = l.account_id where l.clever_id = :key and l.unlinked_at is null
"""
CONNECT = "insert into roster.organizations (clever_district_id, name, tier) values (:id, 'Town', :tier)"
OF_TOWN = "organization_id = (select id from roster.organizations where clever_district_id = :id)"


class LibraryTown(Town):
    """A district of teachers who use the product without it."""

    def __init__(self, number=NUMBER):
        super().__init__(number)
        self.connected = False

    def key(self, kind, number=1):
        return clever_id(self.number, kind, number)


@contextmanager
def connected(site, town, tier="secure_sync"):
    """Connect the district of a town for the duration of the context. No sync runs."""
    site.execute(CONNECT, id=town.id, tier=tier)
    town.connected = True
    yield
    town.connected = False
    for table in ("refresh_requests", "web_sessions"):
        site.execute(f"delete from roster.{table} where {OF_TOWN}", id=town.id)
    site.execute("delete from roster.organizations where clever_district_id = :id", id=town.id)


@pytest.fixture(scope="module")
def town(site):
    """Two teachers who share a class. Each has another class alone, and students 1 to 3 are in them."""
    made = LibraryTown()
    first, second = made.teacher(1, "Ana", "Diaz"), made.teacher(2, "Bo", "Ek")
    students = [made.student(number, f"Kid{number}", f"Zulu{number}") for number in (1, 2, 3)]
    made.section(1, teachers=[first], students=students[:2], name="Art")
    made.section(2, teachers=[second], students=students[1:], name="Biology")
    made.section(3, teachers=[first, second], students=students, name="Choir")
    site.towns.append(made)
    return made


def work(site):
    """Run the filed decisions and the updates of Library teachers, as the threads of the page do."""
    run_corrections(site.product, lambda: site.time.now)
    updates = LibraryUpdates(site.settings, lambda: site.time.now)
    while updates.run_next(site.product):
        pass


def enter(site, user_id, *, start="/login/clever"):
    """Return a browser in which a person has logged in with Clever."""
    browser = Browser(site)
    answer = browser.log_in(user_id, start)
    assert answer.status_code == 303, answer.text
    return browser


def choose(site, browser, *section_ids):
    """Check these classes alone on the screen of the classes, save, and run the update. Return its screen."""
    page = browser.get("/clever/library")
    saved = browser.submit("/clever/library", page, **{f"class-{each}": "1" for each in section_ids})
    assert saved.status_code == 303, saved.text
    work(site)
    return browser.get(saved.headers["location"])


def account_of(site, key):
    """Return the account of a Clever id as a mapping, or None."""
    return site.value(ACCOUNT, key=key)


def update(site, browser):
    """Press Update Class Rosters, run the update, and return its screen."""
    pressed = browser.submit("/clever/updates", browser.get("/clever/classes"))
    assert pressed.status_code == 303, pressed.text
    work(site)
    return browser.get(pressed.headers["location"])
