"""A district admin reads the fix list, which shows what to correct in Clever, and asks for a new one."""

from datetime import timedelta

import pytest

from roster_pipeline.product.database import district_lock, transaction
from roster_pipeline.syncs.preview_requests import answer_preview, begin_preview, list_open_previews
from roster_pipeline.web.counted_needs import count_needs
from roster_pipeline.web.fix_list import mark_differences
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person

COUNTED = "select min(needs ->> 'counted_at') from roster.organizations"
LOOKS = "select count(*) from roster.web_audit where act = 'open_fix_list'"
REQUESTS = "select count(*) from roster.refresh_requests where kind = 'preview'"


@pytest.fixture(scope="module")
def town(site):
    """Town 1 with a person whose email nearly matches an account, and with a broken record."""
    town = site.towns[0]
    site.execute(
        "insert into roster.accounts (email, first_name, last_name, role) "
        "values ('near.match@example.org', 'Near', 'Match', 'teacher')"
    )
    town.teacher(31, "Near", "Match", email="nearmatch@example.org")
    town.student(32, "Not", "Valid", email="no email")
    town.section(63, teachers=[person(town, "teacher")], students=[], name="")
    town.section(64, teachers=[person(town, "teacher")], students=[], school="no id")
    site.sync(town)
    return town


@pytest.fixture
def admin(site, town, browser):
    browser.log_in(person(town, "staff"))
    return browser


def test_near_matches_and_broken_records_are_shown(admin):
    page = admin.get("/clever/fix").text

    assert "This is what the last update found." in page
    assert "Emails that nearly match an account here" in page
    assert "near<mark>.</mark>match@example.org" in page
    assert "dots before the @" in page
    assert "the email is not a valid address" in page


def test_broken_records_are_spanish_on_the_spanish_page(admin):
    english, spanish = (admin.get("/clever/fix", headers={"accept-language": code}).text for code in ("en", "es"))

    assert [text in english for text in (">classes</th>", "school is not an id of Clever")] == [True, True]
    assert [text in spanish for text in (">clases</th>", "no es un identificador de Clever: escuela")] == [True, True]
    assert "is not" not in spanish


def test_the_overview_counts_what_the_list_has(site, admin):
    count_needs(site.settings, site.product, lambda: site.time.now)
    overview = admin.get("/clever").text
    counted_at = site.value(COUNTED)
    count_needs(site.settings, site.product, lambda: site.time.now + timedelta(hours=1))
    assert site.value(COUNTED) == counted_at

    with district_lock(site.product, site.towns[0].id, on_wait=pytest.fail):
        site.execute("update roster.organizations set needs = '{}'")
        count_needs(site.settings, site.product, lambda: site.time.now)
    waiting = site.value("select needs from roster.organizations where clever_district_id = :id", id=site.towns[0].id)
    count_needs(site.settings, site.product, lambda: site.time.now)

    assert waiting == {}
    assert "1 email nearly matches an account" in overview
    assert "1 record that Clever sends is broken" in overview
    assert overview.count('href="/clever/fix"') == 2
    assert site.value(COUNTED) == site.time.now.isoformat()


def test_the_file_has_everybody(admin):
    lines = admin.get("/clever/fix.csv").text
    assert [text in lines for text in ("nearmatch@example.org", "near.match@example.org", "no email")] == [True] * 3


def test_the_first_look_of_a_day_is_in_the_audit_trail(site, admin):
    site.time.pass_by(days=2)
    admin.log_in(person(site.towns[0], "staff"))
    before = site.value(LOOKS)
    admin.get("/clever/fix")
    admin.get("/clever/fix")
    assert site.value(LOOKS) == before + 1


def test_a_press_files_one_request_until_it_is_answered(site, admin):
    form = admin.get("/clever/fix")
    admin.submit("/clever/fix", form)
    admin.submit("/clever/fix", form, form_token="another")
    assert site.value(REQUESTS) == 1
    assert "We are asking Clever for a new fix list." in admin.get("/clever/fix").text

    with transaction(site.product) as pg:
        (request,) = list_open_previews(pg)
        begin_preview(pg, request.id, site.time.now)
        answer_preview(pg, request.id, "failed", site.time.now, "Clever did not respond.")
    page = admin.get("/clever/fix").text
    assert "The last fix list could not be made." in page
    assert "Make a new fix list" in page


def test_a_paused_district_gets_no_request(site, admin, town):
    site.execute("update roster.organizations set state = 'paused' where clever_district_id = :id", id=town.id)
    before = site.value(REQUESTS)
    answer = admin.submit("/clever/fix", admin.get("/clever/fix"))
    site.execute("update roster.organizations set state = 'active' where clever_district_id = :id", id=town.id)
    assert (answer.status_code, site.value(REQUESTS)) == (409, before)


def test_a_district_that_was_never_read_has_an_empty_list(site, new_browser, tmp_path):
    folder = site.settings.districts_folder
    away = folder.rename(tmp_path / "away")
    browser = new_browser()
    browser.log_in(person(site.towns[0], "staff"))
    page = browser.get("/clever/fix").text
    missing = browser.get("/clever/fix.csv").status_code
    away.rename(folder)
    assert "There is no fix list here now." in page
    assert missing == 404


def test_only_different_letters_are_marked():
    mine, theirs = mark_differences("a.b@x.org", "ab@x.org")
    assert [piece for piece, is_different in mine if is_different] == ["."]
    assert [piece for piece, is_different in theirs if is_different] == []
