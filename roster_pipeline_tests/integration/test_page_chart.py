"""The charts of people who joined and left: by day on the Overview, by week on a school, and cut to what is seen."""

import re
from datetime import UTC, datetime

import pytest

from roster_pipeline.messages import product
from roster_pipeline.web.chart import DAYS, draw_days
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person
from roster_pipeline_tests.support.page_people import school_admin, school_of

NOW = datetime(2026, 3, 10, 3, 0, tzinfo=UTC)
TITLE = "in the last 14 days"


@pytest.fixture(scope="module")
def changed(site):
    """Two students joined School 0 of the first district, and one left it."""
    town = site.towns[0]
    town.student(40)
    town.student(41)
    town.leave(person(town, "student", 100))
    site.sync(town)
    return town


def numbers_of(page):
    """Return the numbers of the chart's table that are not zero."""
    table = re.search(r'<section class="card chart">.*?</section>', page.text, re.S)[0]
    rows = re.findall(
        r'<th scope="row">.*?<td class="number"[^>]*>(\d+)</td><td class="number"[^>]*>(\d+)', table, re.S
    )
    return [(int(joined), int(left)) for joined, left in rows if joined != "0" or left != "0"]


def test_the_chart_of_the_overview_has_its_numbers_in_a_table(site, changed, browser):
    browser.log_in(person(changed, "staff"))
    page = browser.get("/clever")
    ((joined, left),) = numbers_of(page)

    assert TITLE in page.text
    assert joined > 40
    assert left == 1
    assert page.text.count('<rect class="up"') == page.text.count('<rect class="down"') == 1
    assert f'aria-label="{joined:,} joined, 1 left."' in page.text


def test_the_chart_of_a_school_counts_its_people(site, changed, browser):
    browser.log_in(person(changed, "staff"))
    ((joined, left),) = numbers_of(browser.get(f"/clever/schools/{school_of(site, changed, 'School 0')}"))
    other = browser.get(f"/clever/schools/{school_of(site, changed, 'School 1')}").text

    assert (joined > 40, left) == (True, 1)
    assert "Nobody joined and nobody left." in other


def test_a_school_admin_reads_the_chart_of_the_own_schools(site, changed, browser):
    with school_admin(site, changed, "School 1") as key:
        browser.log_in(key)
        assert "Nobody joined and nobody left." in browser.get("/clever").text


def test_days_are_those_of_the_district_and_bars_are_to_scale():
    """Three in the morning in UTC is the evening before in New York."""
    words = product().local("America/New_York", NOW)
    summaries = [(NOW, {"student": {"joined": 100, "left": 1}}), (NOW, {"teacher": {"returned": 50}})]
    chart = draw_days(summaries, NOW, "America/New_York", words)

    *earlier, last = chart.bars
    assert (len(chart.bars), {bar.up for bar in earlier}) == (DAYS, {0})
    assert (last.name, last.joined, last.left, last.up, last.down) == ("Mar 9", 150, 1, 60, 4)
