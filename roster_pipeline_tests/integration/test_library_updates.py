"""The update of one Library teacher adds, changes and removes in the teacher's own classes, and nowhere else."""

from types import SimpleNamespace

import pytest

from roster_pipeline.errors import CannotStart, SourceRefused, TokenRefused
from roster_pipeline.product.database import transaction
from roster_pipeline.sync_context import utc_now
from roster_pipeline.syncs.library_requests import file_library_request, list_waiting_teachers
from roster_pipeline_tests.support.library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.readers import query, row_versions
from roster_pipeline_tests.support.town import Town

ROSTER = "select id, organization_id, archived_at is not null, hidden_at from roster.rosters where clever_id = :section"
PEOPLE = """
    select l.clever_id, a.first_name, a.last_name, a.email from roster.accounts as a
    join roster.identity_links as l on l.account_id = a.id and l.unlinked_at is null where a.role = 'student'
"""
ANSWERS = "select state, summary from roster.refresh_requests order by id"
MEMBERS = "select count(*) from roster.org_memberships where ended_at is null and role = 'student'"


@pytest.fixture
def world(library):
    """Two Library teachers who teach one class together, and a class of the second teacher alone."""
    town = library.serve(Town(1))
    teachers = [town.teacher(1), town.teacher(2)]
    students = [town.student(number, "Ada", "Brook") for number in range(1, 8)]
    maths = town.section(1, teachers=teachers, students=students)
    art = town.section(2, teachers=teachers[1:], students=students[:2])
    first, second = (library.join(each) for each in teachers)
    library.choose(first, maths)
    library.choose(second, maths, art)
    return SimpleNamespace(town=town, students=students, maths=maths, art=art, first=first, second=second)


def file(product, teacher):
    with transaction(product) as pg:
        return file_library_request(pg, teacher.account_id, at=utc_now())


def test_first_update_makes_the_chosen_class_and_its_students(library, world, product):
    library.update(world.first)

    assert library.classes(world.first) == {world.maths: world.students}
    people = {key: rest for key, *rest in query(product, PEOPLE)}
    assert people == {student: ["Ada", "B", None] for student in world.students}
    sync = "select account_id, trigger, state, mode from roster.syncs"
    assert query(product, sync) == [(world.first.account_id, "library", "published", "full")]


def test_second_update_changes_nothing(library, world, product):
    library.update(world.first)
    before = row_versions(product)

    assert library.update(world.first).total == 0
    assert row_versions(product) == before


def test_student_of_several_teachers_is_one_account(library, world, product):
    library.update(world.first)
    library.update(world.second)

    assert library.classes(world.second) == {world.maths: world.students, world.art: world.students[:2]}
    assert query(product, "select count(*) from roster.accounts where role = 'student'") == [(7,)]
    primary = "select account_id, is_primary from roster.roster_teachers order by account_id, is_primary"
    assert query(product, primary) == [
        (world.first.account_id, True),
        (world.second.account_id, False),
        (world.second.account_id, True),
    ]


def test_update_of_one_co_teacher_reaches_the_class_of_the_other(library, world):
    library.update(world.first)
    library.update(world.second)
    late = world.town.student(9)
    world.town.edit("sections", world.maths, students=[*world.students, late])
    library.update(world.first)

    assert library.classes(world.second)[world.maths] == [*world.students, late]


def test_student_who_moves_between_teachers_keeps_the_account(library, world, product):
    library.update(world.first)
    library.update(world.second)
    moved = world.students[6]
    world.town.edit("sections", world.maths, students=world.students[:6])
    world.town.edit("sections", world.art, students=[*world.students[:2], moved])
    library.update(world.first)
    assert query(product, MEMBERS) == [(6,)]
    library.update(world.second)

    assert library.classes(world.second)[world.art] == [*world.students[:2], moved]
    assert query(product, MEMBERS) == [(7,)]
    assert query(product, "select count(*) from roster.accounts where role = 'student'") == [(7,)]


def test_removed_class_is_archived_and_comes_back(library, world, product):
    library.remove(world.second, world.maths)  # a class that another teacher waits for would stay
    library.update(world.first)
    ((roster, *_),) = query(product, ROSTER, section=world.maths)
    library.remove(world.first, world.maths)
    library.update(world.first)
    assert library.classes(world.first) == {}
    assert query(product, ROSTER, section=world.maths)[0][2] is True
    assert query(product, MEMBERS) == [(0,)]
    library.choose(world.first, world.maths)
    library.update(world.first)

    assert library.classes(world.first) == {world.maths: world.students}
    assert query(product, ROSTER, section=world.maths)[0][:3:2] == (roster, False)


def test_class_that_one_co_teacher_removes_stays_for_the_other(library, world, product):
    library.update(world.first)
    library.update(world.second)
    library.remove(world.first, world.maths)
    library.update(world.first)

    assert library.classes(world.first) == {}
    assert library.classes(world.second)[world.maths] == world.students
    library.remove(world.second, world.maths)
    library.update(world.second)
    assert query(product, ROSTER, section=world.maths)[0][2] is True
    assert library.classes(world.second) == {world.art: world.students[:2]}


def test_teacher_without_classes_is_updated(library, world, product):
    alone = library.join(world.town.teacher(5))

    assert library.update(alone).total > 0
    assert library.classes(alone) == {}
    assert query(product, "select count(*) from roster.rosters") == [(0,)]


def test_section_of_another_teacher_is_never_read(library, world):
    library.choose(world.first, world.art)
    library.update(world.first)
    assert library.classes(world.first) == {world.maths: world.students}


def test_emptied_class_waits_for_its_teacher(library, world, product):
    library.update(world.first)
    library.update(world.second)
    world.town.edit("sections", world.maths, students=world.students[:1])
    plan = library.update(world.first)
    assert [(part.reason, part.removals) for part in plan.held] == [("class_removals", 6)]
    assert library.classes(world.first) == {world.maths: world.students}
    library.update(world.second)
    assert query(product, "select distinct state from roster.holds where sync_id = :s", s=plan.sync_id) == [("open",)]

    library.approve(plan)
    library.update(world.first)
    assert library.classes(world.first) == {world.maths: world.students[:1]}


def test_answers_are_those_of_the_teacher(library, world, product):
    file(product, world.first)
    file(product, world.second)
    with transaction(product) as pg:
        assert list_waiting_teachers(pg) == [world.first.account_id, world.second.account_id]
    library.update(world.first)

    (own, other) = query(product, ANSWERS)
    assert own[0] == "published"
    assert own[1].startswith("Added 7 students and 1 class;")
    assert other[0] == "queued"


@pytest.mark.parametrize(
    ("status", "error", "answer"),
    [("401", TokenRefused, "Clever asks you to log in again"), ("403", SourceRefused, "no longer lets us see")],
)
def test_refused_update_keeps_everything(library, world, product, clever, status, error, answer):
    library.update(world.first)
    before = row_versions(product)
    file(product, world.first)
    clever.go_wrong((f"/v3.1/sections/{world.maths}/users", 0, status))
    with pytest.raises(error):
        library.update(world.first)

    assert (
        row_versions(
            product,
        )
        == before
    )
    assert query(product, ANSWERS)[0][0] == "failed"
    assert answer in query(product, ANSWERS)[0][1]
    assert query(product, "select state from roster.syncs order by id desc limit 1") == [("failed",)]


def test_person_who_is_no_library_teacher_cannot_update(library, world, product):
    other = world.first.__class__("f" * 24, world.first.account_id + 1000)
    with pytest.raises(CannotStart):
        library.update(other, token="none")
