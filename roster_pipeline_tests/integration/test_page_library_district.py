"""The district of a Library teacher connects: the teacher keeps account, classes and work, and reads what changed."""

import re

import pytest

from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import CONNECT, account_of, choose, enter

ROSTER = "select id from roster.rosters where clever_id = :key"
HIDDEN = "select hidden_at is not null from roster.rosters where id = :id"
LIVE = "select count(*) from roster.rosters where name = :name and archived_at is null"


@pytest.fixture(scope="module")
def teacher(site, town):
    """A browser of a Library teacher with two classes from Clever, of which one is hidden, and one made here."""
    browser = enter(site, town.key("teacher"))
    choose(site, browser, town.key("section", 1), town.key("section", 3))
    hidden = f"/clever/classes/{site.value(ROSTER, key=town.key('section', 3))}"
    browser.submit(f"{hidden}/hide", browser.get(hidden))
    browser.submit("/classes", browser.get("/classes/new"), name="Chess club")
    return browser


def test_a_district_that_connects_takes_its_teachers_over(site, town, teacher):
    key, student = town.key("teacher"), town.key("student")
    accounts = [account_of(site, each)["id"] for each in (key, student)]
    choir = site.value(ROSTER, key=town.key("section", 3))
    site.execute(CONNECT, id=town.id, tier="secure_sync")
    town.connected = True
    # Tonight has not come yet. The login requests the update of the district.
    browser = enter(site, key)
    waiting = browser.get("/clever/classes").text
    site.sync(town)
    open_window = teacher.get("/clever/classes").text
    after = enter(site, key)
    screen = after.get("/clever/classes").text
    home = enter(site, student).get("/home").text

    assert "Its next update brings your classes." in waiting
    assert "<bdi>Art</bdi></a>" in waiting
    for text in (screen, open_window):
        assert "So you no longer add or remove classes from Clever." in text
        assert not re.search("Update Class Rosters|/clever/library", text)
        assert all(f"<bdi>{name}</bdi></a>" in text for name in ("Art", "Choir", "Chess club"))
    assert after.get("/clever/library").status_code == 403
    assert [account_of(site, each)["id"] for each in (key, student)] == accounts
    assert (site.value(ROSTER, key=town.key("section", 3)), site.value(HIDDEN, id=choir)) == (choir, True)
    assert {site.value(LIVE, name=name) for name in ("Art", "Choir", "Chess club")} == {1}
    assert "Art" in home
    assert site.value("select count(*) from roster.library_tokens where account_id = :id", id=accounts[0]) == 0


def test_a_district_that_disconnects_keeps_everything(site, town, teacher):
    """This runs after the district took the teacher over."""
    site.execute("update roster.organizations set state = 'disconnected' where clever_district_id = :id", id=town.id)
    town.connected = False
    browser = enter(site, town.key("teacher"))
    screen = browser.get("/clever/classes").text

    assert "Clever is disconnected. Class lists stay as they are." in screen
    assert all(f"<bdi>{name}</bdi></a>" in screen for name in ("Art", "Chess club"))
