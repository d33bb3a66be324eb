"""A Library teacher joins the new account with an earlier one, after a login to it with Google."""

import json
from itertools import count

import pytest

from roster_pipeline.corrections import library_merge
from roster_pipeline.corrections.queue import run_corrections
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.product.database import district_lock, name_teacher_lock, transaction
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person
from roster_pipeline_tests.support.page_library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import account_of, enter, work

NUMBERS = count(60)
LIVE = "select count(*) from roster.accounts where archived_at is null"
MERGES = (
    "select array_agg(state order by id) from roster.corrections where kind = 'merge' and args ->> 'account_id' = :own"
)
PINNED = "select count(*) from roster.web_identities where account_id = :account and provider = 'google'"
FILE_MERGE = """
    insert into roster.corrections (organization_id, kind, args, requested_by)
    select organization_id, 'merge',
        jsonb_build_object('review', id, 'account_id', cast(:own as bigint), 'proven_account', account_id),
        'account:' || cast(:own as bigint)
    from roster.reviews where clever_id = :key
"""
REVIEW = """
    insert into roster.reviews (organization_id, clever_id, reason, account_id)
    select organization_id, clever_id, 'name_differs', :account from roster.identity_links
    where clever_id = :key and unlinked_at is null
"""
PIN = "insert into roster.web_identities (provider, subject, account_id) values ('google', 'pinned', :account)"
CHOICES = """
    insert into roster.library_classes (organization_id, account_id, section_id, chosen_at, removed_at)
    values (roster.library_organization(), :own, 'merged-' || :own, '2026-01-02', '2026-01-03'),
        (roster.library_organization(), :account, 'merged-' || :own, '2026-01-01', null)
"""
NEWEST = "select max(id) from roster.syncs"
BELONGINGS = """
    with own as (select account_id from roster.identity_links where clever_id = :key and unlinked_at is null),
    its as (select account_id from roster.identity_links where clever_id = :key)
    select jsonb_build_object(
        'link', (select account_id from own),
        'choice', (select jsonb_agg(account_id) from roster.library_classes where account_id in (table its)),
        'removed', (select bool_and(removed_at is not null) from roster.library_classes
            where account_id in (table its)),
        'session', (select jsonb_agg(account_id) from roster.web_sessions where clever_id = :key and ended_at is null),
        'request', (select jsonb_agg(requested_by_account_id) from roster.refresh_requests
            where state = 'queued' and requested_by_account_id in (table its))
    )
"""
OPEN = "select count(*) from roster.reviews where clever_id = :key and state = 'open'"


@pytest.fixture
def earlier(site, town):
    """A teacher of Clever Library and the id of an account that has the teacher's email."""
    number = next(NUMBERS)
    email = f"owner{number}@town7.example.org"
    account = site.value(
        "insert into roster.accounts (email, role) values (:email, 'teacher') returning id", email=email
    )
    return town.teacher(number, "Mary", "Merge", email=email), account


def prove(browser, user_id, **claims):
    """Answer yes to the question, and log in with Google. Return the answer to the callback."""
    start = browser.submit("/login/merge", browser.get("/login/merge"), answer="yes")
    assert start.headers["location"] == "/login/google?proof=1"
    more = {"claims": json.dumps(claims)} if claims else {}
    return browser.log_in_with_google(user_id, start.headers["location"], **more)


def test_a_teacher_proves_to_own_the_earlier_account(site, earlier):
    teacher, account = earlier
    browser = enter(site, teacher)
    session, before, live = browser.session, account_of(site, teacher)["id"], site.value(LIVE)
    question = browser.get("/login/merge").text
    answer = prove(browser, teacher)
    waiting = browser.get("/login/merge").text
    work(site)
    after = account_of(site, teacher)

    assert f"{site.value('select email from roster.accounts where id = :id', id=account)} your account?" in question
    assert (answer.headers["location"], browser.session) == ("/login/merge", session)
    assert "Your accounts are being joined" in waiting
    assert (before != account, after["id"], after["rule"]) == (True, account, "email")
    assert after["evidence"]["merged_by_owner"] is True
    assert (after["email"], after["first_name"]) == (f"{after['clever_email']}", "Mary")
    assert (site.value(LIVE), site.value(OPEN, key=teacher)) == (live - 1, 0)
    # The teacher comes from Clever again without a question, and the updates go on.
    again = browser.get("/login/merge").headers["location"]
    assert again == "/login/clever?next=/clever/classes"
    assert browser.log_in(teacher, again).headers["location"] == "/clever/classes"
    assert "Update Class Rosters" in browser.get("/clever/classes").text


def test_undo_of_a_merge_gives_back_what_moved(site, earlier):
    """The choice of the earlier account for the same class is older, so the merge keeps the newer removal."""
    teacher, account = earlier
    browser = enter(site, teacher)
    own = account_of(site, teacher)["id"]
    site.execute(CHOICES, own=own, account=account)
    prove(browser, teacher)
    run_corrections(site.product, lambda: site.time.now)
    merged = site.value(BELONGINGS, key=teacher)
    with transaction(site.product) as pg:
        undo = undo_sync(pg, site.value(NEWEST), site.time.now)
    apart = site.value(BELONGINGS, key=teacher)
    with transaction(site.product) as pg:
        undo_sync(pg, undo.sync_id, site.time.now)
    again = site.value(BELONGINGS, key=teacher)
    work(site)

    assert merged == {"link": account, "choice": [account], "removed": True, "session": [account], "request": [account]}
    assert apart == {"link": own, "choice": [own], "removed": True, "session": [own], "request": [own]}
    assert again == merged


def test_without_the_proof_the_accounts_stay_apart(site, earlier):
    teacher, account = earlier
    browser = enter(site, teacher)
    own = str(account_of(site, teacher)["id"])
    answer = browser.submit("/login/merge", browser.get("/login/merge"), answer="no")
    work(site)

    assert answer.headers["location"] == "/clever/classes"
    assert (account_of(site, teacher)["id"] != account, account_of(site, teacher)["email"]) == (True, None)
    assert site.value(MERGES, own=own) is None
    # The teacher may join both later.
    assert '<a href="/login/merge">Is it yours?</a>' in browser.get("/clever/classes").text
    prove(browser, teacher)
    work(site)
    assert account_of(site, teacher)["id"] == account


def test_another_google_account_proves_nothing(site, town, earlier):
    teacher, account = earlier
    site.execute(
        "insert into roster.accounts (email, role) values (:email, 'teacher')",
        email=f"other{account}@town7.example.org",
    )
    browser = enter(site, teacher)
    session = browser.session
    unknown = prove(browser, teacher, email="nobody@town7.example.org", sub=f"nobody{account}")
    other = prove(browser, teacher, email=f"other{account}@town7.example.org", sub=f"other{account}")
    work(site)

    assert {each.headers["location"] for each in (unknown, other)} == {"/login/merge?refused=other"}
    assert browser.session == session
    assert "That Google login does not open this account." in browser.get("/login/merge?refused=other").text
    assert account_of(site, teacher)["id"] != account
    # The refused login has pinned nothing.
    pinned = "select count(*) from roster.web_identities where subject = :subject"
    assert site.value(pinned, subject=f"other{account}") == 0


@pytest.mark.parametrize("at", [1, None])
def test_an_open_google_session_proves_nothing(site, earlier, at):
    """A colleague's session may be open on a shared computer. Without the time of the login nothing is proven."""
    teacher, account = earlier
    browser = enter(site, teacher)
    answer = prove(browser, teacher, auth_time=at)
    work(site)

    assert answer.headers["location"] == "/login/merge?refused=old"
    assert "Google did not ask you to log in again" in browser.get("/login/merge?refused=old").text
    assert (account_of(site, teacher)["id"] != account, site.value(PINNED, account=account)) == (True, 0)


def test_only_the_press_begins_a_proof(site, earlier):
    teacher, _ = earlier
    browser = enter(site, teacher)
    without = browser.get("/login/google?proof=1").headers["location"]
    browser.submit("/login/merge", browser.get("/login/merge"), answer="yes")
    begun = browser.get("/login/google?proof=1").headers["location"]

    assert without == "/login/merge"
    assert all(each in begun for each in ("prompt=login", "max_age=0", "auth_time"))


def test_a_proof_serves_the_session_that_began_it(site, town, earlier):
    teacher, account = earlier
    browser, other = enter(site, teacher), enter(site, town.key("teacher"))
    browser.submit("/login/merge", browser.get("/login/merge"), answer="yes")
    address = browser.authorize(browser.get("/login/google?proof=1").headers["location"], teacher)
    browser.cookies["s"] = other.session
    answer = browser.get(address)

    assert (answer.headers["location"], site.value(PINNED, account=account)) == ("/login", 0)


def test_a_proof_without_a_session_opens_nothing(site, earlier, new_browser):
    teacher, account = earlier
    enter(site, teacher)
    stranger = new_browser()
    answer = stranger.get("/login/google?proof=1")

    assert (answer.headers["location"], stranger.session) == ("/login/merge", None)
    assert account_of(site, teacher)["id"] != account


def test_a_forged_merge_is_refused(site, earlier):
    """A filed merge alone is no proof: the login with Google has to be recorded."""
    teacher, _ = earlier
    enter(site, teacher)
    own = account_of(site, teacher)["id"]
    site.execute(FILE_MERGE, own=own, key=teacher)
    work(site)

    assert site.value(MERGES, own=str(own)) == ["failed"]
    assert account_of(site, teacher)["id"] == own


def test_a_student_is_never_asked(site, town, new_browser):
    site.execute("insert into roster.accounts (email, role) values ('student70@town7.example.org', 'student')")
    student = town.student(70)
    browser = new_browser()

    assert browser.log_in(student).headers["location"] == "/home"
    assert site.value(OPEN, key=student) == 0
    assert browser.get("/login/merge").status_code == 403


def test_a_district_teacher_resolves_no_own_review(site, earlier, new_browser):
    """A teacher of a district has an open review about the account of another one."""
    _, account = earlier
    teacher = person(site.towns[0], "teacher")
    browser = new_browser()
    browser.log_in(teacher)
    own = account_of(site, teacher)["id"]
    site.execute(REVIEW, key=teacher, account=account)
    question = browser.get("/login/merge").status_code
    # A filed merge does not resolve it either, even with a recorded login.
    site.execute(PIN, account=account)
    site.execute(FILE_MERGE, key=teacher, own=own)
    work(site)

    assert question == 403
    assert site.value(MERGES, own=str(own)) == ["failed"]
    assert (account_of(site, teacher)["id"], site.value(OPEN, key=teacher)) == (own, 1)


def test_a_merge_waits_for_an_update_of_the_teacher(site, earlier, monkeypatch):
    teacher, account = earlier
    browser = enter(site, teacher)
    own = account_of(site, teacher)["id"]
    prove(browser, teacher)
    monkeypatch.setattr(library_merge, "WAIT_SECONDS", 0.0)
    with district_lock(site.product, name_teacher_lock(own), on_wait=lambda: None):
        run_corrections(site.product, lambda: site.time.now)
    refused = browser.get("/login/merge").text
    prove(browser, teacher)
    work(site)

    assert "The accounts cannot be joined now" in refused
    assert account_of(site, teacher)["id"] == account
