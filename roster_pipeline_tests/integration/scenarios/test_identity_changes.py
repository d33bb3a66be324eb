"""Scenarios of linked people: new emails, leaving and returning, other roles, and recycled ids."""

from itertools import permutations

import pytest

from roster_pipeline_tests.support.readers import query
from roster_pipeline_tests.support.shared_syncs import shares_syncs


@pytest.mark.scenario("I-1")
@shares_syncs
def test_linked_person_follows_an_email_in_other_case(town, link):
    key = town.student(1, "Ann", "Lake", email=town.address("old"))
    town.section(1, students=[key])
    yield
    before, account = town.published(), link(key)
    upper = town.address("old").upper()
    town.edit("users", key, email=upper)
    yield
    after = town.published()
    assert link(key) == account
    assert after.people == before.people | {key: ("student", "Ann", "Lake", upper, upper, True)}
    assert after.students == before.students
    assert after.reviews == set()


@pytest.mark.scenario("I-13")
@shares_syncs
def test_linked_person_follows_a_free_email_and_nothing_else(town):
    key = town.student(1, "Ann", "Lake", email=town.address("old"))
    town.section(1, students=[key])
    yield
    before = town.rows(without={"accounts"})
    town.edit("users", key, email=town.address("new"))
    yield
    assert town.published().people[key] == ("student", "Ann", "Lake", town.address("new"), town.address("new"), True)
    assert town.rows(without={"accounts"}) == before


@pytest.mark.scenario("I-14")
@shares_syncs
def test_email_of_another_person_in_the_feed_opens_a_review(town, link):
    one, holder = town.student(1, email=town.address("old")), town.student(2, email=town.address("new"))
    other = town.student(3)
    yield
    before = link(one), link(holder)
    town.edit("users", one, email=town.address("new"))
    town.edit("users", other, email=town.address("elsewhere"))
    yield
    found = town.published()
    assert (link(one), link(holder)) == before
    old, new = town.address("old"), town.address("new")
    assert [found.people[key][3:5] for key in (one, holder)] == [(old, new), (new, new)]
    assert found.people[other][3] == town.address("elsewhere")
    assert found.reviews == {(one, "email_shared")}


@pytest.mark.scenario("I-14")
@shares_syncs
def test_email_of_a_native_account_opens_a_review(town, product, sign_up):
    key = town.student(1, email=town.address("old"))
    yield
    own = sign_up(town.address("new"), "Bea", "Moor")
    town.edit("users", key, email=town.address("new"))
    yield
    found = town.published()
    assert found.people[key][3:5] == (town.address("old"), town.address("new"))
    assert query(product, "select id from roster.accounts where email = :email", email=town.address("new")) == [(own,)]
    assert found.reviews == {(key, "email_shared")}


@pytest.mark.scenario("I-15")
@shares_syncs
def test_swapped_emails_reach_both_people(town, link):
    pairs = [(town.student(1), town.student(2)), (town.teacher(3), town.student(3))]
    swapped = {key: town.person(other)["email"] for pair in pairs for key, other in permutations(pair)}
    yield
    people, links = town.published().people, {key: link(key) for key in swapped}
    for key, email in swapped.items():
        town.edit("users", key, email=email)
    yield
    found = town.published()
    assert {key: found.people[key][3] for key in swapped} == swapped
    assert {key: link(key) for key in swapped} == links
    assert found.people.keys() == people.keys()
    assert found.reviews == set()


@pytest.mark.scenario("I-16")
@shares_syncs
def test_vacated_email_is_taken_in_any_row_order(town):
    moves = {town.student(1): town.student(2), town.student(4): town.student(3)}
    taken = {taker: town.person(mover)["email"] for mover, taker in moves.items()}
    yield
    for mover, taker in moves.items():
        town.edit("users", mover, email=f"{mover}@example.org")
        town.edit("users", taker, email=taken[taker])
    yield
    found = town.published()
    assert [found.people[mover][3] for mover in moves] == [f"{mover}@example.org" for mover in moves]
    assert {taker: found.people[taker][3] for taker in taken} == taken
    assert found.reviews == set()


@pytest.mark.scenario("I-17")
@shares_syncs
def test_new_id_with_a_departed_persons_email_is_not_linked(town, product, link):
    gone = town.student(1, "Ann", "Lake", email=town.address("old"))
    section = town.section(1, students=[gone])
    yield
    account = link(gone)
    town.leave(gone)
    town.section(1)
    yield
    for _day in range(21):
        town.start_day()
    new = town.student(2, "Bea", "Moor", email=town.address("old"))
    town.section(1, students=[new])
    yield
    found = town.published()
    assert link(gone) == account
    assert link(new)[0] != account[0]
    assert found.people[gone] == ("student", "Ann", "Lake", town.address("old"), town.address("old"), True)
    assert found.people[new] == ("student", "Bea", "Moor", None, town.address("old"), True)
    assert gone not in found.members
    assert (section, new) in found.students
    assert found.reviews == {(new, "already_linked")}
    classes = "select ended_at is not null from roster.roster_students where account_id = :account"
    assert query(product, classes, account=account[0]) == [(True,)]
    assert query(product, classes, account=link(new)[0]) == [(False,)]


@pytest.mark.scenario("I-18")
@shares_syncs
def test_returning_person_gets_the_same_account_and_rows(town, link):
    key = town.student(1, "Ann", "Lake", email=town.address("old"))
    section = town.section(1, students=[key])
    yield
    rows, account, person = town.contents(), link(key), town.person(key)
    town.leave(key)
    town.section(1)
    yield
    assert key not in town.published().members
    town.put("users", person)
    town.section(1, students=[key])
    yield
    found = town.published()
    assert town.contents() == rows
    assert link(key) == account
    assert (section, key) in found.students


@pytest.mark.scenario("I-19")
@shares_syncs
def test_returning_person_whose_email_is_taken_is_reviewed(town, link):
    key = town.student(1, "Ann", "Lake", email=town.address("old"))
    section = town.section(1, students=[key])
    yield
    account, person = link(key), town.person(key)
    town.edit("users", key, email=town.address("new"))
    yield
    town.leave(key)
    holder = town.student(2, "Bea", "Moor", email=town.address("old"))
    yield
    town.put("users", person)
    yield
    found = town.published()
    assert link(key) == account
    assert found.members[key] == "student"
    assert (section, key) in found.students
    assert (found.people[key][3], found.people[holder][3]) == (town.address("new"), town.address("old"))
    assert found.reviews == {(key, "email_shared")}


@pytest.mark.scenario("I-20")
@shares_syncs
def test_recycled_id_renames_nobody_and_waits_for_review(town, link):
    key = town.teacher(1, "Ann", "Lake", email=town.address("old"))
    old = town.section(1, teachers=[key])
    yield
    account = link(key)
    town.teacher(1, "Bea", "Moor", email=town.address("new"), roles={"teacher": town.role(2, school=1)})
    new = town.section(2, teachers=[key])
    yield
    found = town.published()
    assert link(key) == account
    assert found.people[key] == ("teacher", "Ann", "Lake", town.address("old"), town.address("old"), True)
    assert found.teachers[old, key]
    assert (new, key) not in found.teachers
    assert found.pending == {(new, key, "teacher")}
    assert found.reviews == {(key, "recycled_id")}


@pytest.mark.scenario("I-24")
@shares_syncs
def test_split_employee_whose_old_id_teaches_keeps_the_account(town, link):
    key = town.teacher(1, "Ann", "Lake", email=town.address("old"), roles={"teacher": town.role(1), "staff": {}})
    section = town.section(1, teachers=[key])
    yield
    account, people = link(key), town.published().people.keys()
    town.teacher(1, "Ann", "Lake", email=town.address("new"))
    town.staff(1, "Ann", "Lake", email=town.address("old"))
    yield
    found = town.published()
    assert link(key) == account
    assert found.people.keys() == people
    assert found.people[key][3] == town.address("new")
    assert found.teachers[section, key]
    assert found.reviews == set()


@pytest.mark.scenario("I-24")
@shares_syncs
def test_split_employee_whose_new_id_teaches_is_two_people(town, link):
    old = town.teacher(1, "Ann", "Lake", email=town.address("old"), roles={"teacher": town.role(1), "staff": {}})
    section = town.section(1, teachers=[old])
    yield
    account = link(old)
    town.edit("users", old, email=town.address("new"), roles={"staff": {}})
    new = town.teacher(2, "Ann", "Lake", email=town.address("old"))
    town.section(1, teachers=[new])
    yield
    found = town.published()
    assert link(old) == account
    assert link(new)[0] != account[0]
    assert old not in found.members
    assert {pair: primary for pair, primary in found.teachers.items() if pair[0] == section} == {(section, new): True}
    assert (found.people[old][3], found.people[new][3]) == (town.address("old"), None)
    assert found.reviews == {(new, "already_linked")}


@pytest.mark.scenario("I-25")
@shares_syncs
def test_student_who_becomes_a_teacher_changes_classes(town, product, link):
    key = town.student(1, "Ann", "Lake", email=town.address("old"))
    learning = town.section(1, students=[key])
    yield
    account = link(key)
    town.edit("users", key, roles={"teacher": town.role(1)})
    town.section(1)
    teaching = town.section(2, teachers=[key])
    yield
    found = town.published()
    assert link(key) == account
    assert found.people[key] == ("teacher", "Ann", "Lake", town.address("old"), town.address("old"), True)
    assert found.members[key] == "teacher"
    assert {member for (_, person), member in found.school_members.items() if person == key} == {("teacher", True)}
    assert (learning, key) not in found.students
    assert found.teachers[teaching, key]
    assert found.reviews == set()
    verified = "select verified_at from roster.org_memberships where account_id = :account"
    assert query(product, verified, account=account[0]) == [(None,)]
