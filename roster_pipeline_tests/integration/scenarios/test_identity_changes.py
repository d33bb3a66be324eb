"""Scenarios of linked people: new emails, leaving and returning, other roles, and recycled ids."""

from itertools import permutations

import pytest

from roster_pipeline_tests.support.readers import STAMPS, contents, published, query, row_versions

OLD, NEW = "ann.lake@example.org", "ann.moor@example.org"


@pytest.mark.scenario("I-1")
def test_linked_person_follows_an_email_in_other_case(town, quick_sync, publish, product, link):
    key = town.student(1, "Ann", "Lake", email=OLD)
    town.section(1, students=[key])
    quick_sync(town)
    before, account = published(product, town.id), link(key)
    town.edit("users", key, email=OLD.upper())
    after = publish(town)
    assert link(key) == account
    assert after.people == before.people | {key: ("student", "Ann", "Lake", OLD.upper(), OLD.upper(), True)}
    assert after.students == before.students
    assert after.reviews == set()


@pytest.mark.scenario("I-13")
def test_linked_person_follows_a_free_email_and_nothing_else(town, quick_sync, publish, product):
    key = town.student(1, "Ann", "Lake", email=OLD)
    town.section(1, students=[key])
    quick_sync(town)
    before = row_versions(product, without=STAMPS | {"accounts"})
    town.edit("users", key, email=NEW)
    assert publish(town).people[key] == ("student", "Ann", "Lake", NEW, NEW, True)
    assert row_versions(product, without=STAMPS | {"accounts"}) == before


@pytest.mark.scenario("I-14")
def test_email_of_another_person_in_the_feed_opens_a_review(town, quick_sync, publish, link):
    one, holder = town.student(1, email=OLD), town.student(2, email=NEW)
    other = town.student(3)
    quick_sync(town)
    before = link(one), link(holder)
    town.edit("users", one, email=NEW)
    town.edit("users", other, email="elsewhere@example.org")
    found = publish(town)
    assert (link(one), link(holder)) == before
    assert [found.people[key][3:5] for key in (one, holder)] == [(OLD, NEW), (NEW, NEW)]
    assert found.people[other][3] == "elsewhere@example.org"
    assert found.reviews == {(one, "email_shared")}


@pytest.mark.scenario("I-14")
def test_email_of_a_native_account_opens_a_review(town, quick_sync, publish, product, sign_up):
    key = town.student(1, email=OLD)
    quick_sync(town)
    own = sign_up(NEW, "Bea", "Moor")
    town.edit("users", key, email=NEW)
    found = publish(town)
    assert found.people[key][3:5] == (OLD, NEW)
    assert query(product, "select id from roster.accounts where email = :email", email=NEW) == [(own,)]
    assert found.reviews == {(key, "email_shared")}


@pytest.mark.scenario("I-15")
def test_swapped_emails_reach_both_people(town, quick_sync, publish, product, link):
    pairs = [(town.student(1), town.student(2)), (town.teacher(3), town.student(3))]
    swapped = {key: town.person(other)["email"] for pair in pairs for key, other in permutations(pair)}
    quick_sync(town)
    people, links = published(product, town.id).people, {key: link(key) for key in swapped}
    for key, email in swapped.items():
        town.edit("users", key, email=email)
    found = publish(town)
    assert {key: found.people[key][3] for key in swapped} == swapped
    assert {key: link(key) for key in swapped} == links
    assert found.people.keys() == people.keys()
    assert found.reviews == set()


@pytest.mark.scenario("I-16")
def test_vacated_email_is_taken_in_any_row_order(town, quick_sync, publish):
    moves = {town.student(1): town.student(2), town.student(4): town.student(3)}
    taken = {taker: town.person(mover)["email"] for mover, taker in moves.items()}
    quick_sync(town)
    for mover, taker in moves.items():
        town.edit("users", mover, email=f"{mover}@example.org")
        town.edit("users", taker, email=taken[taker])
    found = publish(town)
    assert [found.people[mover][3] for mover in moves] == [f"{mover}@example.org" for mover in moves]
    assert {taker: found.people[taker][3] for taker in taken} == taken
    assert found.reviews == set()


@pytest.mark.scenario("I-17")
def test_new_id_with_a_departed_persons_email_is_not_linked(town, quick_sync, publish, product, link):
    gone = town.student(1, "Ann", "Lake", email=OLD)
    section = town.section(1, students=[gone])
    quick_sync(town)
    account = link(gone)
    town.leave(gone)
    town.section(1)
    quick_sync(town)
    for _day in range(21):
        town.start_day()
    new = town.student(2, "Bea", "Moor", email=OLD)
    town.section(1, students=[new])
    found = publish(town)
    assert link(gone) == account
    assert link(new)[0] != account[0]
    assert found.people[gone] == ("student", "Ann", "Lake", OLD, OLD, True)
    assert found.people[new] == ("student", "Bea", "Moor", None, OLD, True)
    assert gone not in found.members
    assert (section, new) in found.students
    assert found.reviews == {(new, "already_linked")}
    classes = "select ended_at is not null from roster.roster_students where account_id = :account"
    assert query(product, classes, account=account[0]) == [(True,)]
    assert query(product, classes, account=link(new)[0]) == [(False,)]


@pytest.mark.scenario("I-18")
def test_returning_person_gets_the_same_account_and_rows(town, quick_sync, publish, product, link):
    key = town.student(1, "Ann", "Lake", email=OLD)
    section = town.section(1, students=[key])
    quick_sync(town)
    rows, account, person = contents(product), link(key), town.person(key)
    town.leave(key)
    town.section(1)
    quick_sync(town)
    assert key not in published(product, town.id).members
    town.put("users", person)
    town.section(1, students=[key])
    found = publish(town)
    assert contents(product) == rows
    assert link(key) == account
    assert (section, key) in found.students


@pytest.mark.scenario("I-19")
def test_returning_person_whose_email_is_taken_is_reviewed(town, quick_sync, publish, link):
    key = town.student(1, "Ann", "Lake", email=OLD)
    section = town.section(1, students=[key])
    quick_sync(town)
    account, person = link(key), town.person(key)
    town.edit("users", key, email=NEW)
    quick_sync(town)
    town.leave(key)
    holder = town.student(2, "Bea", "Moor", email=OLD)
    quick_sync(town)
    town.put("users", person)
    found = publish(town)
    assert link(key) == account
    assert found.members[key] == "student"
    assert (section, key) in found.students
    assert (found.people[key][3], found.people[holder][3]) == (NEW, OLD)
    assert found.reviews == {(key, "email_shared")}


@pytest.mark.scenario("I-20")
def test_recycled_id_renames_nobody_and_waits_for_review(town, quick_sync, publish, link):
    key = town.teacher(1, "Ann", "Lake", email=OLD)
    old = town.section(1, teachers=[key])
    quick_sync(town)
    account = link(key)
    town.teacher(1, "Bea", "Moor", email=NEW, roles={"teacher": town.role(2, school=1)})
    new = town.section(2, teachers=[key])
    found = publish(town)
    assert link(key) == account
    assert found.people[key] == ("teacher", "Ann", "Lake", OLD, OLD, True)
    assert found.teachers[old, key]
    assert (new, key) not in found.teachers
    assert found.pending == {(new, key, "teacher")}
    assert found.reviews == {(key, "recycled_id")}


@pytest.mark.scenario("I-24")
def test_split_employee_whose_old_id_teaches_keeps_the_account(town, quick_sync, publish, product, link):
    key = town.teacher(1, "Ann", "Lake", email=OLD, roles={"teacher": town.role(1), "staff": {}})
    section = town.section(1, teachers=[key])
    quick_sync(town)
    account, people = link(key), published(product, town.id).people.keys()
    town.teacher(1, "Ann", "Lake", email=NEW)
    town.staff(1, "Ann", "Lake", email=OLD)
    found = publish(town)
    assert link(key) == account
    assert found.people.keys() == people
    assert found.people[key][3] == NEW
    assert found.teachers[section, key]
    assert found.reviews == set()


@pytest.mark.scenario("I-24")
def test_split_employee_whose_new_id_teaches_is_two_people(town, quick_sync, publish, link):
    old = town.teacher(1, "Ann", "Lake", email=OLD, roles={"teacher": town.role(1), "staff": {}})
    section = town.section(1, teachers=[old])
    quick_sync(town)
    account = link(old)
    town.edit("users", old, email=NEW, roles={"staff": {}})
    new = town.teacher(2, "Ann", "Lake", email=OLD)
    town.section(1, teachers=[new])
    found = publish(town)
    assert link(old) == account
    assert link(new)[0] != account[0]
    assert old not in found.members
    assert {pair: primary for pair, primary in found.teachers.items() if pair[0] == section} == {(section, new): True}
    assert (found.people[old][3], found.people[new][3]) == (OLD, None)
    assert found.reviews == {(new, "already_linked")}


@pytest.mark.scenario("I-25")
def test_student_who_becomes_a_teacher_changes_classes(town, quick_sync, publish, product, link):
    key = town.student(1, "Ann", "Lake", email=OLD)
    learning = town.section(1, students=[key])
    quick_sync(town)
    account = link(key)
    town.edit("users", key, roles={"teacher": town.role(1)})
    town.section(1)
    teaching = town.section(2, teachers=[key])
    found = publish(town)
    assert link(key) == account
    assert found.people[key] == ("teacher", "Ann", "Lake", OLD, OLD, True)
    assert found.members[key] == "teacher"
    assert {member for (_, person), member in found.school_members.items() if person == key} == {("teacher", True)}
    assert (learning, key) not in found.students
    assert found.teachers[teaching, key]
    assert found.reviews == set()
    verified = "select verified_at from roster.org_memberships where account_id = :account"
    assert query(product, verified, account=account[0]) == [(None,)]
