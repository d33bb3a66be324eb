"""Scenarios of who is who when somebody is first met: linked by email, created, or created beside a review.

The numbers are those of the scenarios; where the rule book differs from them, it is what is tested.
"""

import pytest

from roster_pipeline_tests.integration.readers import published, query
from roster_pipeline_tests.integration.scenarios.seen import flagged
from roster_pipeline_tests.integration.test_existing_accounts import row

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
        assert flagged(town, "addresses_that_cannot_be_used") == {key}

    return came


def test_i_02_given_a_known_email_in_other_case_when_a_new_id_comes_then_a_new_account_with_its_own_address(
    town, publish, product, link, sign_up
):
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


def test_i_03_given_every_field_padded_when_synced_then_one_person_by_the_trimmed_email(
    town, publish, product, link, sign_up
):
    own = sign_up(EMAIL, "Ann", "Lake")
    key = town.student(1, "Ann  ", "  Lake", email=f"{EMAIL}   ")
    section = town.section(1, students=[key])
    found = publish(town)
    assert link(key) == (own, "email")
    assert found.people[key][3] == EMAIL
    assert (section, key) in found.students
    assert found.reviews == set()
    assert query(product, "select id from roster.accounts where trim(first_name) = 'Ann'") == [(own,)]


def test_i_04_given_blank_emails_when_synced_then_each_person_is_created_and_in_class_and_nobody_is_matched(
    town, publish, link, sign_up
):
    own = {sign_up(None, "Ann", "Lake"), sign_up("", "Ann", "Lake")}
    emails = (None, None, "", "", " \t\r\n", "   ")
    keys = [town.student(number, "Ann", "Lake", email=email) for number, email in enumerate(emails)]
    section = town.section(1, students=keys)
    found = publish(town)
    assert len(own | {link(key)[0] for key in keys}) == len(own) + len(keys)
    assert {found.people[key] for key in keys} == {("student", "Ann", "Lake", None, None, True)}
    assert {(section, key) for key in keys} <= found.students
    assert found.reviews == set()


def test_i_05_given_an_email_without_at_sign_when_synced_then_imported_without_it_and_reported(comes_without_address):
    comes_without_address("None", "None")


def test_i_06_given_a_broken_letter_in_the_email_when_synced_then_not_matched_to_a_look_alike(comes_without_address):
    comes_without_address("m\ufffdller@example.org", "m\u00fcller@example.org")


def test_i_07_given_blanks_inside_the_email_when_synced_then_imported_without_it_and_reported(comes_without_address):
    comes_without_address("demo account@demo account.com", "demoaccount@demoaccount.com")


def test_i_08_given_two_people_of_one_email_when_synced_then_two_persons_two_reviews_and_no_address_for_either(
    town, publish, quick_sync, product, link
):
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


def test_i_09_given_two_people_of_one_email_when_one_is_gone_before_the_first_sync_then_the_other_has_the_address(
    town, publish
):
    kept, gone = (town.student(number, email=EMAIL) for number in (1, 2))
    town.leave(gone)
    found = publish(town)
    assert found.people[kept][3] == EMAIL
    assert gone not in found.people
    assert found.reviews == set()


def test_i_09_given_two_people_of_one_email_when_one_leaves_later_then_the_other_gets_the_address(
    town, quick_sync, publish, link
):
    kept, gone = (town.student(number, email=EMAIL) for number in (1, 2))
    quick_sync(town)
    before = link(kept)
    town.leave(gone)
    found = publish(town)
    assert link(kept) == before
    assert (found.people[kept][3], found.people[gone][3]) == (EMAIL, None)


def test_i_10_given_a_teacher_and_a_student_of_one_email_when_synced_then_they_stay_two_people(town, publish, link):
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


def test_i_11_given_one_user_who_teaches_and_is_staff_when_synced_then_one_teacher_with_the_address(
    town, publish, product
):
    key = town.teacher(1, email=EMAIL, roles={"teacher": town.role(1), "staff": {}})
    found = publish(town)
    assert (found.people[key][0], found.people[key][3], found.members[key]) == ("teacher", EMAIL, "teacher")
    assert query(product, "select count(*) from roster.accounts where clever_email = :email", email=EMAIL) == [(1,)]
    assert found.reviews == set()


def test_i_12_given_a_contact_and_a_teacher_of_one_email_when_synced_then_only_the_teacher_is_a_person_here(
    town, publish
):
    teacher, contact = town.teacher(1, email=EMAIL), town.contact(1, email=EMAIL)
    found = publish(town)
    assert found.people[teacher][3] == EMAIL
    assert contact not in found.people
    assert found.reviews == set()
