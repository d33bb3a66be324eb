"""Teachers and students log in through Clever Library, and their accounts are made by the login."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from roster_pipeline.web.login.clever import CleverLogin, LoginUnanswered, User
from roster_pipeline_tests.support.page import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page import person
from roster_pipeline_tests.support.page_library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.page_library import account_of, connected, enter

ACCOUNTS = "select count(*) from roster.accounts"
TOKENS = "select count(*) from roster.library_tokens where account_id = :account"
REQUESTS = "select count(*) from roster.refresh_requests where scope = 'library' and requested_by_account_id = :account"
REVIEWS = "select array_agg(reason) from roster.reviews where clever_id = :key and state = 'open'"
MAKE_ACCOUNT = """
    with person as (insert into roster.accounts (email, role) values (:email, :role) returning id)
    insert into roster.org_memberships (organization_id, account_id, role)
    select o.id, person.id, :role from person, roster.organizations as o where o.name = :town returning account_id
"""
MAKE_ADMIN = """
    insert into roster.org_memberships (organization_id, account_id, role, is_admin)
    select id, :account, 'admin', true from roster.organizations where name = :town
"""
PIN = """
    insert into roster.web_identities (provider, subject, account_id)
    select 'clever', :key, id from roster.accounts where email = :email
"""
LEAVE = """
    with writer as (select set_config('roster.writer', 'sync', true)),
    own as (update roster.org_memberships set ended_at = now() where account_id = :account returning organization_id)
    insert into roster.identity_links (clever_id, account_id, organization_id, rule)
    select 'left', :account, own.organization_id, 'created' from own, writer
"""
END_MEMBERSHIP = """
    select set_config('roster.writer', 'sync', true);
    update roster.org_memberships set ended_at = now() where account_id = :account
"""


def test_a_teacher_gets_an_account_at_the_first_login(site, town, browser):
    answer = browser.log_in(town.key("teacher"))
    account = account_of(site, town.key("teacher"))

    assert answer.headers["location"] == "/clever/library"
    assert (account["first_name"], account["email"]) == ("Ana", "teacher1@town7.example.org")
    assert "Your classes come from Clever." in browser.get("/clever/library").text


def test_a_student_gets_an_account_with_a_name_and_no_email(site, town, browser):
    answer = browser.log_in(town.key("student"))
    account = account_of(site, town.key("student"))

    assert answer.headers["location"] == "/home"
    assert (account["first_name"], account["last_name"], account["email"]) == ("Kid1", "Z", None)
    assert "Your teacher has not added you to a class yet." in browser.get("/home").text
    assert site.value(TOKENS, account=account["id"]) == 0


def test_missing_fields_are_asked_of_nobody(site, town, new_browser):
    """Clever may know neither the name nor the email of a teacher, and only the first name of a student."""
    teacher, student = town.teacher(34, name={}, email=None), town.student(35, name={"first": "Mononym"})
    landings = [new_browser().log_in(each).headers["location"] for each in (teacher, student)]

    assert landings == ["/clever/library", "/home"]
    assert enter(site, teacher).get("/clever/classes").status_code == 200
    assert (account_of(site, teacher)["email"], account_of(site, student)["first_name"]) == (None, "Mononym")


def test_a_later_login_opens_the_account_of_the_same_clever_id(site, town):
    enter(site, town.key("teacher"))
    before = site.value(ACCOUNTS)
    town.edit("users", town.key("teacher"), email="renamed@town7.example.org")
    browser = enter(site, town.key("teacher"))
    town.edit("users", town.key("teacher"), email="teacher1@town7.example.org")

    assert "Ana Diaz" in browser.get("/clever/classes").text
    assert site.value(ACCOUNTS) == before


def test_two_first_logins_at_once_make_one_account(site, town, new_browser):
    teacher = town.teacher(30)
    before = site.value(ACCOUNTS)
    addresses = [(browser, browser.callback(teacher)) for browser in (new_browser(), new_browser(), new_browser())]
    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda pair: pair[0].get(pair[1]).status_code, addresses))

    assert (answers, site.value(ACCOUNTS)) == ([303, 303, 303], before + 1)


def test_a_person_of_another_role_gets_no_account(site, town, browser):
    before = site.value(ACCOUNTS)
    answer = browser.log_in(town.staff(1))

    assert (answer.status_code, site.value(ACCOUNTS)) == (403, before)
    assert "Clever knows you, but you have no place here yet" in answer.text


@pytest.mark.parametrize("name", ["<img src=x onerror=alert(1)>", "nul\0", "x" * 2000, " \t"])
def test_a_hostile_name_stays_text_or_is_left_out(site, town, browser, name):
    teacher = town.teacher(200 + len(name), name={"first": name, "last": "Person"})
    browser.log_in(teacher)
    screen = browser.get("/clever/classes").text

    assert "<img src=x" not in screen
    assert account_of(site, teacher)["first_name"] in (None, name)
    assert "Person" in screen


def test_a_login_files_an_update_and_keeps_the_token(site, town):
    enter(site, town.key("teacher", 2))
    account = account_of(site, town.key("teacher", 2))["id"]

    assert (site.value(TOKENS, account=account), site.value(REQUESTS, account=account)) == (1, 1)


def test_a_former_member_gets_the_membership_back(site, town):
    student = town.student(31, "Returning", "Kid")
    enter(site, student)
    account = account_of(site, student)["id"]
    with site.product.begin() as pg:
        for statement in END_MEMBERSHIP.split(";"):
            pg.exec_driver_sql(statement.replace(":account", str(account)))
    before = site.value(ACCOUNTS)

    assert enter(site, student).get("/home").status_code == 200
    assert site.value(ACCOUNTS) == before


def test_library_or_district_is_decided_at_each_login(site, town):
    """A teacher whose district connects comes through the district the next time, and the token is deleted."""
    teacher = town.teacher(32, "Dee", "Eff")
    enter(site, teacher)
    account = account_of(site, teacher)["id"]
    with connected(site, town):
        browser = enter(site, teacher)
        screen = browser.get("/clever/classes").text
        choices = browser.get("/clever/library").text

    assert account_of(site, teacher)["id"] == account
    assert site.value(TOKENS, account=account) == 0
    assert "Your district is connected to us now" in screen
    assert "Your district is connected to us now" in choices
    assert "Update Class Rosters" not in screen


def test_a_district_with_logins_only_promises_no_update(site, town):
    teacher = town.teacher(36, "Gil", "Ha")
    enter(site, teacher)
    with connected(site, town, "sso_only"):
        browser = enter(site, teacher)
        screens = [browser.get(path).text for path in ("/clever/classes", "/clever/library")]

    assert all("Its plan has no class lists from Clever" in screen for screen in screens)
    assert not [screen for screen in screens if "Its next update" in screen or "Update Class Rosters" in screen]


def test_an_answer_about_another_person_is_none(site, monkeypatch):
    clever = CleverLogin(site.settings)
    monkeypatch.setattr(clever, "_get", lambda _path, _token, kind: kind(User("another")))

    with pytest.raises(LoginUnanswered):
        clever.read_user("token", "own")


def test_the_record_of_a_first_login_names_no_decision(site, town):
    browser = enter(site, town.key("teacher"))
    account = account_of(site, town.key("teacher"))["id"]
    sync = site.value("select min(id) from roster.syncs where account_id = :account", account=account)
    screen = browser.get(f"/clever/syncs/{sync}").text

    assert "The login of a person opened the account here." in screen
    assert "A person decided" not in screen


def test_log_out_deletes_the_token(site, town):
    browser = enter(site, town.key("teacher"))
    account = account_of(site, town.key("teacher"))["id"]
    before = site.value(TOKENS, account=account)
    browser.submit("/logout", browser.get("/clever/classes"))

    assert (before, site.value(TOKENS, account=account)) == (1, 0)


@pytest.mark.parametrize("role", ["teacher", "student"])
def test_a_person_of_a_connected_district_keeps_the_place_there(site, town, role):
    """A person who comes without the district opens the account of the same Clever id, and no token is kept."""
    first = site.towns[0]
    first.connected = False
    browser = enter(site, person(first, role))
    landing = browser.get("/").headers["location"]
    first.connected = True
    account = account_of(site, person(first, role))["id"]

    assert landing == {"teacher": "/clever/classes", "student": "/home"}[role]
    assert site.value(TOKENS, account=account) == 0


def test_an_admin_who_teaches_with_clever_library_reaches_both(site, town):
    teacher = town.teacher(36, "Al", "So")
    enter(site, teacher)
    account = account_of(site, teacher)["id"]
    site.execute(MAKE_ADMIN, account=account, town=site.towns[0].name)
    browser = enter(site, teacher)
    classes = browser.get("/clever/classes").text

    assert browser.get("/").headers["location"] == "/clever/classes"
    assert "Update Class Rosters" in classes
    assert f"District admin · {site.towns[0].name}" in classes
    assert site.value(TOKENS, account=account) == 1


def test_a_premium_teacher_reads_what_the_plan_has(site, town, browser):
    site.execute("insert into roster.organizations (clever_district_id, name, tier) values ('p', 'P', 'sso_only')")
    site.value(MAKE_ACCOUNT, email="premium@town7.example.org", role="teacher", town="P")
    teacher = town.teacher(33, "Pre", "Mium", email="premium@town7.example.org")
    before = site.value(ACCOUNTS)
    by_email = browser.log_in(teacher)
    # The person has logged in from the school's portal before.
    site.execute(PIN, key=teacher, email="premium@town7.example.org")
    answer = browser.log_in(teacher)
    # Another person whose email in Clever is wrong gets an account without it.
    site.value(MAKE_ACCOUNT, email="wrong@town7.example.org", role="teacher", town="P")
    site.execute(
        "update roster.accounts set first_name = 'Other', last_name = 'Person' where email = 'wrong@town7.example.org'"
    )
    namesake = browser.log_in(town.teacher(39, "Kim", "Lo", email="wrong@town7.example.org"))

    assert namesake.status_code == 303
    assert [by_email.status_code, answer.status_code] == [403, 403]
    assert "Your plan has no Clever Library" in by_email.text
    assert "Your plan has no Clever Library" in answer.text
    assert "Log in with Google" in answer.text
    assert site.value(ACCOUNTS) == before + 2


@pytest.mark.parametrize(
    ("role", "name", "reason"),
    [
        ("teacher", (None, None), "email_shared"),
        ("teacher", ("Other", "Person"), "name_differs"),
        ("student", (None, None), "role_differs"),
        ("admin", (None, None), "admin_account"),
    ],
)
def test_an_email_of_another_account_opens_a_review(site, town, new_browser, role, name, reason):
    number = 40 + ["email_shared", "name_differs", "role_differs", "admin_account"].index(reason)
    email = f"taken{number}@town7.example.org"
    site.execute(
        "insert into roster.accounts (email, role, first_name, last_name) values (:email, :role, :first, :last)",
        email=email, role=role, first=name[0], last=name[1],
    )  # fmt: skip
    teacher = town.teacher(number, "Eve", "Fox", email=email)
    answer = new_browser().log_in(teacher)
    account = account_of(site, teacher)

    assert (account["email"], account["clever_email"]) == (None, email)
    assert site.value(REVIEWS, key=teacher) == [reason]
    is_own = reason in ("email_shared", "name_differs")
    assert answer.headers["location"] == ("/login/merge" if is_own else "/clever/library")


@pytest.mark.parametrize("has_left", [False, True])
def test_an_account_of_another_district_is_not_offered(site, town, browser, has_left):
    """A teacher who has left a district keeps the identity link there."""
    number = 50 + has_left
    email = f"elsewhere{number}@town7.example.org"
    account = site.value(MAKE_ACCOUNT, email=email, role="teacher", town=site.towns[0].name)
    if has_left:
        site.execute(LEAVE, account=account)
    teacher = town.teacher(number, email=email)
    browser.log_in(teacher)

    assert site.value(REVIEWS, key=teacher) == ["other_organization"]
    assert (
        site.value("select evidence ->> 'account_id' from roster.reviews where clever_id = :key", key=teacher) is None
    )
    assert browser.get("/login/merge").headers["location"] == "/clever/classes"


def test_a_login_follows_the_role_in_clever_and_loses_nothing(site, town):
    """A student becomes a teacher and a student again. The account and its place in a class stay."""
    student = town.student(61, "Ro", "Le")
    enter(site, student)
    account = account_of(site, student)["id"]
    school = {"school": None, "schools": []}
    landings = []
    for roles in ({"teacher": school}, {"student": school}, {"student": school, "teacher": school}):
        town.edit("users", student, roles=roles)
        landings.append(enter(site, student).get("/").headers["location"])
    site.go_wrong(("/v3.0/users/", 0, "503"))
    town.edit("users", student, roles={"student": school})
    unanswered = enter(site, student).get("/").headers["location"]
    site.go_wrong()

    assert landings == ["/clever/classes", "/home", "/clever/classes"]
    assert unanswered == "/clever/classes"
    assert account_of(site, student)["id"] == account
    assert site.value("select count(*) from roster.syncs where account_id = :id and mode = 'resolve'", id=account) == 4
