"""Each verdict on a child is shown with who acts and what to do. Screens can be printed and read aloud."""

import re
import time
from itertools import pairwise

import pytest
from playwright.sync_api import expect

from roster_pipeline.product.database import transaction
from roster_pipeline.web.sessions import begin_session
from roster_pipeline_tests.support.browser import PICTURES, WIDE
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_people import organization_of
from roster_pipeline_tests.support.page_server import serve_page
from roster_pipeline_tests.support.page_verdicts import HOSTILE, prepare_children, question_of

VERDICTS = [f"W{number}" for number in range(1, 17)]
ADMIN = "select account_id from roster.org_memberships where is_admin and organization_id = :own"
PRINTED = ("/clever", "/clever/classes", "/clever/students", "/clever/updates", "/clever/audit")
CONTROLS = "button", "link", "textbox", "searchbox", "combobox", "checkbox"
UNNAMED = re.compile(rf"^ *- ({'|'.join(CONTROLS)})(?: \[[^\]]*\])*:?$", re.MULTILINE)
HEADING = re.compile(r'- heading "[^"]+" \[level=(\d)\]')
FILE_OPEN = """
    with request as (
        insert into roster.refresh_requests (organization_id, scope) values (:own, 'district') returning id
    )
    select id from request
"""
ANSWER = "update roster.refresh_requests set state = 'failed', finished_at = now() where id = :id"


@pytest.fixture(scope="module")
def served(chromium, site, server_url):
    """The page of the prepared towns on a port. Yield its address."""
    prepare_children(site)
    with serve_page(site) as url:
        yield url


def begin_admin_session(site):
    """Begin a session of the admin of the first town, and return its token."""
    own = organization_of(site, site.towns[0])
    with transaction(site.product) as pg:
        return begin_session(
            pg,
            account_id=site.value(ADMIN, own=own),
            clever_id=None,
            organization_id=own,
            login_kind="clever",
            is_student=False,
            now=site.time.now,
        )


@pytest.fixture(scope="module")
def screen(chromium, site, served):
    """A browser in which the admin of the first town is logged in."""
    with chromium.new_context(base_url=served, viewport=WIDE) as context:
        context.add_cookies([{"name": "s", "value": begin_admin_session(site), "url": served}])
        yield context.new_page()


@pytest.mark.parametrize("verdict", VERDICTS)
def test_a_verdict_says_who_acts_and_what_to_do(site, screen, verdict):
    with question_of(site, verdict) as path:
        screen.goto(path)
    shown = screen.locator("[data-verdict]")
    facts = screen.locator("dl.facts").first.locator("dd").all_inner_texts()

    assert shown.get_attribute("data-verdict") == verdict, shown.inner_text()
    assert shown.inner_text()
    assert len(facts) == 2
    assert all(facts)
    assert facts[1].startswith(
        screen.get_by_label("Text to copy").input_value().removeprefix(shown.inner_text()).strip()
    )


def count_visible_rows(screen):
    """Return how many rows of tables a person sees. The tables that are folded on the screen are not printed."""
    return sum(row.is_visible() for row in screen.locator("main table tbody tr").all())


@pytest.mark.parametrize("path", PRINTED)
def test_a_printed_screen_has_whole_tables_and_no_controls(screen, path):
    screen.goto(path)
    rows = count_visible_rows(screen)
    screen.emulate_media(media="print")
    name = f"print{path.replace('/', '-')}"
    PICTURES.mkdir(exist_ok=True)
    screen.screenshot(path=PICTURES / f"{name}.png", full_page=True)
    pdf = screen.pdf(path=PICTURES / f"{name}.pdf", format="A4")
    controls = screen.locator("nav, button, input, select, textarea, summary").all()
    visible = [control.evaluate("each => each.outerHTML") for control in controls if control.is_visible()]
    printed = count_visible_rows(screen)
    screen.emulate_media(media="screen")

    foot = screen.locator("footer").text_content()

    assert visible == []
    assert "Class lists are as Clever had them" in foot
    assert foot.endswith(f" {path}")
    assert (printed, pdf.startswith(b"%PDF")) == (rows, True)


@pytest.mark.parametrize("path", ["/clever", "/clever/students", "/clever/classes", "/clever/updates", "/clever/why"])
def test_a_screen_reader_finds_landmarks_and_names(screen, path):
    screen.goto(path)
    tree = screen.locator("body").aria_snapshot()
    (PICTURES / f"read-aloud{path.replace('/', '-')}.txt").write_text(tree)
    levels = [int(level) for level in HEADING.findall(tree)]

    assert [tree.count(f"- {landmark}") for landmark in ("banner", "main")] == [1, 1]
    assert tree.count("- navigation") == len(set(re.findall('- navigation "[^"]+"', tree))) > 0
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert UNNAMED.findall(tree) == []


def test_the_end_of_an_update_is_announced(site, screen):
    own = organization_of(site, site.towns[0])
    number = site.value(FILE_OPEN, own=own)
    screen.goto(f"/clever/updates/{number}")
    before = screen.get_by_role("status").inner_text()
    site.execute(ANSWER, id=number)
    began = time.monotonic()
    expect(screen.get_by_role("status")).not_to_have_text(before, timeout=10_000)

    assert screen.get_by_role("status").inner_text()
    assert time.monotonic() - began < 10
    assert screen.locator("[role=status]").count() == 1


def test_hostile_names_stay_text_in_a_browser(site, screen):
    complaints = []

    def note(message):
        # Chromium asks for an icon that is not there.
        if message.type == "error" and "Failed to load resource" not in message.text:
            complaints.append(message.text)

    screen.on("console", note)
    screen.on("dialog", lambda dialog: complaints.append(dialog.message))
    for path in ("/clever/students", "/clever/classes", "/clever/updates", "/clever/why?q=alert", "/clever/audit"):
        screen.goto(path)
        assert screen.locator("img, iframe, main script").count() == 0
    screen.goto("/clever/students")
    assert HOSTILE in screen.locator("main").inner_text()
    assert complaints == []


def test_back_after_log_out_shows_the_login(site, served, chromium):
    with chromium.new_context(base_url=served) as context:
        context.add_cookies([{"name": "s", "value": begin_admin_session(site), "url": served}])
        page = context.new_page()
        page.goto("/clever")
        page.goto("/clever/students")
        page.get_by_role("button", name="Log out").click()
        page.wait_for_url("**/login?*")
        page.go_back()
        assert "/login" in page.url
        assert "Stu1" not in page.content()
