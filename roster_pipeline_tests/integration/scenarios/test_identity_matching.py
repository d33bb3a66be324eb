"""Scenarios of a person's first sync: linked by email, created, or created with a review.

The markers give the numbers of docs/scenarios.md.
"""

import pytest

from roster_pipeline_tests.support.accounts import row
from roster_pipeline_tests.support.readers import query
from roster_pipeline_tests.support.shared_syncs import shares_syncs


def comes_without_address(town, link, sign_up, email, other):
    """A student with this email, and somebody else who signed up with `other`, are in the product as two people."""
    own = sign_up(other, "Ann", "Lake")
    key = town.student(1, "Ann", "Lake", email=email)
    section = town.section(1, students=[key])
    yield
    found = town.published()
    assert link(key)[0] != own
    assert found.people[key] == ("student", "Ann", "Lake", None, email, True)
    assert (section, key) in found.students
    assert found.reviews == set()
    assert town.flagged("invalid_emails") == {key}


@pytest.mark.scenario("I-2")
@shares_syncs
def test_email_in_other_case_makes_a_new_account(town, product, link, sign_up):
    own = sign_up(town.address("ann"), "Ann", "Lake")
    before = row(product, own)
    key = town.student(1, "Ann", "Lake", email=town.address("ann").upper())
    section = town.section(1, students=[key])
    yield
    found = town.published()
    assert link(key)[0] != own
    assert row(product, own) == before
    assert found.people[key][3] == town.address("ann").upper()
    assert (section, key) in found.students
    joined = "select count(*) from roster.org_memberships where account_id = :own"
    assert query(product, joined, own=own) == [(0,)]


@pytest.mark.scenario("I-3")
@shares_syncs
def test_padded_fields_match_by_the_trimmed_email(town, product, link, sign_up):
    own = sign_up(town.address("ann"), "Ann", "Lake")
    key = town.student(1, "Ann  ", "  Lake", email=f"{town.address('ann')}   ")
    section = town.section(1, students=[key])
    yield
    found = town.published()
    assert link(key) == (own, "email")
    assert found.people[key][3] == town.address("ann")
    assert (section, key) in found.students
    assert found.reviews == set()
    assert query(product, "select id from roster.accounts where trim(email) = :email", email=town.address("ann")) == [
        (own,)
    ]


@pytest.mark.scenario("I-4")
@shares_syncs
def test_blank_emails_match_nobody(town, link, sign_up):
    own = {sign_up(None, "Ann", "Lake"), sign_up("", "Ann", "Lake")}
    emails = (None, None, "", "", " \t\r\n", "   ")
    keys = [town.student(number, "Ann", "Lake", email=email) for number, email in enumerate(emails)]
    section = town.section(1, students=keys)
    yield
    found = town.published()
    assert len(own | {link(key)[0] for key in keys}) == len(own) + len(keys)
    assert {found.people[key] for key in keys} == {("student", "Ann", "Lake", None, None, True)}
    assert {(section, key) for key in keys} <= found.students
    assert found.reviews == set()


@pytest.mark.scenario("I-5")
@shares_syncs
def test_email_without_at_sign_is_dropped_and_reported(town, link, sign_up):
    yield from comes_without_address(town, link, sign_up, "None", "None")


@pytest.mark.scenario("I-6")
@shares_syncs
def test_email_with_a_broken_letter_matches_no_look_alike(town, link, sign_up):
    yield from comes_without_address(town, link, sign_up, "m\ufffdller@example.org", "m\u00fcller@example.org")


@pytest.mark.scenario("I-7")
@shares_syncs
def test_email_with_inner_blanks_is_dropped_and_reported(town, link, sign_up):
    yield from comes_without_address(
        town, link, sign_up, "demo account@demo account.com", "demoaccount@demoaccount.com"
    )


@pytest.mark.scenario("I-8")
@shares_syncs
def test_shared_email_makes_two_accounts_and_two_reviews(town, link):
    one = town.student(1, "Ann", "Lake", email=town.address("ann"))
    other = town.student(2, "Bea", "Moor", email=town.address("ann"))
    section = town.section(1, students=[one, other])
    yield
    found = town.published()
    assert link(one)[0] != link(other)[0]
    assert found.people[one] == ("student", "Ann", "Lake", None, town.address("ann"), True)
    assert found.people[other] == ("student", "Bea", "Moor", None, town.address("ann"), True)
    assert {(section, one), (section, other)} <= found.students
    assert found.reviews == {(one, "email_shared"), (other, "email_shared")}
    town.edit("users", other, email=town.address("bea"))
    yield
    people = town.published().people
    assert (people[one][3], people[other][3]) == (town.address("ann"), town.address("bea"))


@pytest.mark.scenario("I-9")
@shares_syncs
def test_email_is_free_if_its_other_person_left_before(town):
    kept, gone = (town.student(number, email=town.address("ann")) for number in (1, 2))
    town.leave(gone)
    yield
    found = town.published()
    assert found.people[kept][3] == town.address("ann")
    assert gone not in found.people
    assert found.reviews == set()


@pytest.mark.scenario("I-9")
@shares_syncs
def test_email_passes_on_when_its_other_person_leaves_later(town, link):
    kept, gone = (town.student(number, email=town.address("ann")) for number in (1, 2))
    yield
    before = link(kept)
    town.leave(gone)
    yield
    found = town.published()
    assert link(kept) == before
    assert (found.people[kept][3], found.people[gone][3]) == (town.address("ann"), None)


@pytest.mark.scenario("I-10")
@shares_syncs
def test_teacher_and_student_of_one_email_stay_two_people(town, link):
    teacher, student = town.teacher(1, email=town.address("ann")), town.student(1, email=town.address("ann"))
    section = town.section(1, teachers=[teacher], students=[student])
    yield
    found = town.published()
    assert link(teacher)[0] != link(student)[0]
    assert [(found.people[key][0], found.people[key][3]) for key in (teacher, student)] == [
        ("teacher", None),
        ("student", None),
    ]
    assert found.teachers[section, teacher]
    assert (section, student) in found.students
    assert found.reviews == {(teacher, "email_shared"), (student, "email_shared")}


@pytest.mark.scenario("I-11")
@shares_syncs
def test_teacher_who_is_also_staff_is_one_teacher(town, product):
    key = town.teacher(1, email=town.address("ann"), roles={"teacher": town.role(1), "staff": {}})
    yield
    found = town.published()
    assert (found.people[key][0], found.people[key][3], found.members[key]) == (
        "teacher",
        town.address("ann"),
        "teacher",
    )
    assert query(
        product, "select count(*) from roster.accounts where clever_email = :email", email=town.address("ann")
    ) == [(1,)]
    assert found.reviews == set()


@pytest.mark.scenario("I-12")
@shares_syncs
def test_contact_with_a_teachers_email_gets_no_account(town):
    teacher, contact = town.teacher(1, email=town.address("ann")), town.contact(1, email=town.address("ann"))
    yield
    found = town.published()
    assert found.people[teacher][3] == town.address("ann")
    assert contact not in found.people
    assert found.reviews == set()
