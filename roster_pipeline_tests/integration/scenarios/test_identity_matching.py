"""Scenarios of a person's first sync: linked by email, created, or created with a review.

The markers give the numbers of docs/scenarios.md.
"""

import pytest

from roster_pipeline_tests.support.accounts import row
from roster_pipeline_tests.support.readers import published, query
from roster_pipeline_tests.support.seen import flagged

EMAIL = "ann.lake@example.org"


@pytest.fixture
def comes_without_address(town, publish, link, sign_up):
    """A student with this email, and somebody else who signed up with `other`, are in the product as two people."""

    def came(email, other):
        own = sign_up(other, "Ann", "Lake")
        key = town.student(1, "Ann", "Lake", email=email)
        section = town.section(1, students=[key])
        found = publish(town)
        assert link(key)[0] != own
        assert found.people[key] == ("student", "Ann", "Lake", None, email, True)
        assert (section, key) in found.students
        assert found.reviews == set()
        assert flagged(town, "invalid_emails") == {key}

    return came


@pytest.mark.scenario("I-2")
def test_email_in_other_case_makes_a_new_account(town, publish, product, link, sign_up):
    own = sign_up(EMAIL, "Ann", "Lake")
    before = row(product, own)
    key = town.student(1, "Ann", "Lake", email=EMAIL.upper())
    section = town.section(1, students=[key])
    found = publish(town)
    assert link(key)[0] != own
    assert row(product, own) == before
    assert found.people[key][3] == EMAIL.upper()
    assert (section, key) in found.students
    joined = "select count(*) from roster.org_memberships where account_id = :own"
    assert query(product, joined, own=own) == [(0,)]


@pytest.mark.scenario("I-3")
def test_padded_fields_match_by_the_trimmed_email(town, publish, product, link, sign_up):
    own = sign_up(EMAIL, "Ann", "Lake")
    key = town.student(1, "Ann  ", "  Lake", email=f"{EMAIL}   ")
    section = town.section(1, students=[key])
    found = publish(town)
    assert link(key) == (own, "email")
    assert found.people[key][3] == EMAIL
    assert (section, key) in found.students
    assert found.reviews == set()
    assert query(product, "select id from roster.accounts where trim(first_name) = 'Ann'") == [(own,)]


@pytest.mark.scenario("I-4")
def test_blank_emails_match_nobody(town, publish, link, sign_up):
    own = {sign_up(None, "Ann", "Lake"), sign_up("", "Ann", "Lake")}
    emails = (None, None, "", "", " \t\r\n", "   ")
    keys = [town.student(number, "Ann", "Lake", email=email) for number, email in enumerate(emails)]
    section = town.section(1, students=keys)
    found = publish(town)
    assert len(own | {link(key)[0] for key in keys}) == len(own) + len(keys)
    assert {found.people[key] for key in keys} == {("student", "Ann", "Lake", None, None, True)}
    assert {(section, key) for key in keys} <= found.students
    assert found.reviews == set()


@pytest.mark.scenario("I-5")
def test_email_without_at_sign_is_dropped_and_reported(comes_without_address):
    comes_without_address("None", "None")


@pytest.mark.scenario("I-6")
def test_email_with_a_broken_letter_matches_no_look_alike(comes_without_address):
    comes_without_address("m\ufffdller@example.org", "m\u00fcller@example.org")


@pytest.mark.scenario("I-7")
def test_email_with_inner_blanks_is_dropped_and_reported(comes_without_address):
    comes_without_address("demo account@demo account.com", "demoaccount@demoaccount.com")


@pytest.mark.scenario("I-8")
def test_shared_email_makes_two_accounts_and_two_reviews(town, publish, quick_sync, product, link):
    one = town.student(1, "Ann", "Lake", email=EMAIL)
    other = town.student(2, "Bea", "Moor", email=EMAIL)
    section = town.section(1, students=[one, other])
    found = publish(town)
    assert link(one)[0] != link(other)[0]
    assert found.people[one] == ("student", "Ann", "Lake", None, EMAIL, True)
    assert found.people[other] == ("student", "Bea", "Moor", None, EMAIL, True)
    assert {(section, one), (section, other)} <= found.students
    assert found.reviews == {(one, "email_shared"), (other, "email_shared")}
    town.edit("users", other, email="bea.moor@example.org")
    quick_sync(town)
    people = published(product, town.id).people
    assert (people[one][3], people[other][3]) == (EMAIL, "bea.moor@example.org")


@pytest.mark.scenario("I-9")
def test_email_is_free_if_its_other_person_left_before(town, publish):
    kept, gone = (town.student(number, email=EMAIL) for number in (1, 2))
    town.leave(gone)
    found = publish(town)
    assert found.people[kept][3] == EMAIL
    assert gone not in found.people
    assert found.reviews == set()


@pytest.mark.scenario("I-9")
def test_email_passes_on_when_its_other_person_leaves_later(town, quick_sync, publish, link):
    kept, gone = (town.student(number, email=EMAIL) for number in (1, 2))
    quick_sync(town)
    before = link(kept)
    town.leave(gone)
    found = publish(town)
    assert link(kept) == before
    assert (found.people[kept][3], found.people[gone][3]) == (EMAIL, None)


@pytest.mark.scenario("I-10")
def test_teacher_and_student_of_one_email_stay_two_people(town, publish, link):
    teacher, student = town.teacher(1, email=EMAIL), town.student(1, email=EMAIL)
    section = town.section(1, teachers=[teacher], students=[student])
    found = publish(town)
    assert link(teacher)[0] != link(student)[0]
    assert [(found.people[key][0], found.people[key][3]) for key in (teacher, student)] == [
        ("teacher", None),
        ("student", None),
    ]
    assert found.teachers[section, teacher]
    assert (section, student) in found.students
    assert found.reviews == {(teacher, "email_shared"), (student, "email_shared")}


@pytest.mark.scenario("I-11")
def test_teacher_who_is_also_staff_is_one_teacher(town, publish, product):
    key = town.teacher(1, email=EMAIL, roles={"teacher": town.role(1), "staff": {}})
    found = publish(town)
    assert (found.people[key][0], found.people[key][3], found.members[key]) == ("teacher", EMAIL, "teacher")
    assert query(product, "select count(*) from roster.accounts where clever_email = :email", email=EMAIL) == [(1,)]
    assert found.reviews == set()


@pytest.mark.scenario("I-12")
def test_contact_with_a_teachers_email_gets_no_account(town, publish):
    teacher, contact = town.teacher(1, email=EMAIL), town.contact(1, email=EMAIL)
    found = publish(town)
    assert found.people[teacher][3] == EMAIL
    assert contact not in found.people
    assert found.reviews == set()
