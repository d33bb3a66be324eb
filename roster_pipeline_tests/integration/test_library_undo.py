"""The undo of a Library teacher's update leaves what other teachers have, and a login opens a closed account again."""

from types import SimpleNamespace

import pytest

from roster_pipeline.corrections.library_account import LibraryPerson, make_library_account
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import find_library_organization
from roster_pipeline.sync_context import utc_now
from roster_pipeline_tests.support.library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.readers import query
from roster_pipeline_tests.support.town import Town

LIVE = "select clever_id from roster.rosters where archived_at is null order by clever_id"
STUDENTS = """
    select l.clever_id from roster.org_memberships as m
    join roster.accounts as a on a.id = m.account_id and a.archived_at is null
    join roster.identity_links as l on l.account_id = a.id and l.unlinked_at is null
    where m.ended_at is null and m.role = 'student' order by 1
"""
ACCOUNT = "select account_id from roster.identity_links where clever_id = :key order by id"


@pytest.fixture
def world(library):
    """Two teachers of one class, and a class of each alone. Student 1 is in all, student 4 only in the first's own."""
    town = library.serve(Town(1))
    teachers = [town.teacher(1), town.teacher(2)]
    students = [town.student(number) for number in range(1, 5)]
    maths = town.section(1, teachers=teachers, students=students[:2])
    music = town.section(2, teachers=teachers[:1], students=[students[0], students[3]])
    art = town.section(3, teachers=teachers[1:], students=[students[0], students[2]])
    first, second = (library.join(each) for each in teachers)
    return SimpleNamespace(students=students, maths=maths, music=music, art=art, first=first, second=second)


def test_undo_keeps_what_a_later_update_of_another_needs(library, world, product):
    library.choose(world.first, world.maths, world.music)
    library.choose(world.second, world.maths, world.art)
    plan = library.update(world.first)
    library.update(world.second)
    classes = library.classes(world.second)
    library.undo(plan)

    assert library.classes(world.second) == classes
    assert library.classes(world.first) == {}
    assert query(product, LIVE) == [(world.maths,), (world.art,)]
    assert query(product, STUDENTS) == [(student,) for student in world.students[:3]]


def test_undo_of_an_undo_keeps_what_others_need_too(library, world, product):
    library.choose(world.first, world.maths, world.music)
    library.choose(world.second, world.maths)
    undone = library.undo(library.update(world.first))
    library.undo(undone)
    library.update(world.second)
    again = library.undo(SimpleNamespace(sync_id=undone.sync_id + 1))

    assert library.classes(world.second) == {world.maths: world.students[:2]}
    assert library.classes(world.first) == {}
    assert again.skipped


def test_undo_chooses_only_the_classes_again_that_it_restores(library, world, product):
    library.choose(world.first, world.maths, world.music)
    library.update(world.first)
    library.remove(world.first, world.maths)
    plan = library.update(world.first)
    library.remove(world.first, world.music)  # no update has archived this class yet
    library.undo(plan)

    removed = "select section_id from roster.library_classes where removed_at is not null"
    assert query(product, removed) == [(world.music,)]
    assert set(library.classes(world.first)) == {world.maths, world.music}


def test_login_after_an_undo_opens_the_closed_account(library, world, product):
    student = world.students[3]
    library.choose(world.first, world.music)
    library.undo(library.update(world.first))
    with transaction(product) as pg:
        person = LibraryPerson(student, "student", "Ada", "B", None)
        account = make_library_account(pg, find_library_organization(pg), person, utc_now())
    library.update(world.first)

    assert set(query(product, ACCOUNT, key=student)) == {(account,)}
    assert (student,) in query(product, STUDENTS)
    assert library.classes(world.first) == {world.music: [world.students[0], student]}
