"""A read of a Library teacher that is not proven complete adds and never removes, and the answer says so."""

from types import SimpleNamespace

import pytest

from roster_pipeline.errors import TokenRefused
from roster_pipeline.extract.library import LibraryTeacher, list_library_sections
from roster_pipeline.product.database import transaction
from roster_pipeline.sync_context import utc_now
from roster_pipeline.syncs.library_requests import file_library_request
from roster_pipeline_tests.support.district import impatient_client
from roster_pipeline_tests.support.library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.town import Town

ANSWER = "select state, summary from roster.refresh_requests order by id desc limit 1"
DISTRICT = "insert into roster.organizations (clever_district_id, name, tier) values ('d', 'D', 'secure_sync')"
UNLINK = "update roster.identity_links set unlinked_at = now() where clever_id = :key"
LINK = """
    insert into roster.identity_links (clever_id, account_id, organization_id, rule)
    select clever_id, account_id, (select max(id) from roster.organizations), 'created'
    from roster.identity_links where clever_id = :key
"""
LINKS = "select organization_id, account_id, unlinked_at from roster.identity_links where clever_id = :key order by id"
ADDS_ONLY = "Clever did not show everything, so nothing was removed."


@pytest.fixture
def world(library):
    """A Library teacher with a class that was updated, of which a student has left since and another has come."""
    town = library.serve(Town(1))
    teacher = library.join(town.teacher(1))
    students = [town.student(number) for number in range(1, 6)]
    maths = town.section(1, teachers=[teacher.clever_id], students=students)
    library.choose(teacher, maths)
    library.update(teacher)
    late = town.student(9)
    town.edit("sections", maths, students=[*students[1:], late])
    return SimpleNamespace(town=town, teacher=teacher, students=students, late=late, maths=maths)


@pytest.fixture
def answer(library, world, product):
    """Update, and return the answer."""

    def answered():
        with transaction(product) as pg:
            file_library_request(pg, world.teacher.account_id, at=utc_now())
        library.update(world.teacher)
        return query(product, ANSWER)[0]

    return answered


def unshare_one(world, _clever):
    """Let Clever name a student in the class whom no answer holds."""
    world.town.leave(world.students[4])


def link_next(world, _clever):
    world.town.library_links_next = True


def fill_page(world, _clever):
    """Let the class have more students than an answer holds."""
    more = [world.town.student(number) for number in range(200, 300)]
    section = world.town.get("sections", world.maths)
    world.town.edit("sections", world.maths, students=[*section["students"], *more])


@pytest.mark.parametrize("doubt", [unshare_one, link_next, fill_page])
def test_doubtful_read_adds_and_removes_nothing(library, world, clever, answer, doubt):
    doubt(world, clever)
    state, summary = answer()

    assert {*world.students, world.late} <= set(library.classes(world.teacher)[world.maths])
    assert (state, ADDS_ONLY in summary) == ("published", True)


def test_complete_read_removes(library, world, answer):
    state, summary = answer()
    assert library.classes(world.teacher) == {world.maths: [*world.students[1:], world.late]}
    assert (state, ADDS_ONLY in summary) == ("published", False)


def test_removed_class_is_archived_by_a_doubtful_read_too(library, world, answer):
    link_next(world, None)
    library.remove(world.teacher, world.maths)
    answer()
    assert library.classes(world.teacher) == {}


def test_refused_sections_are_replaced_by_the_students(library, world, clever, product, answer):
    clever.go_wrong((f"/v3.1/users/{world.teacher.clever_id}/sections", 0, "403"))
    state, summary = answer()

    assert library.classes(world.teacher) == {world.maths: world.students}
    linked = "select clever_id from roster.identity_links where unlinked_at is null"
    assert (world.late,) in query(product, linked)
    assert (state, ADDS_ONLY in summary) == ("published", True)


def test_token_that_ends_in_the_middle_changes_nothing(library, world, clever, product):
    other = world.town.section(2, teachers=[world.teacher.clever_id], students=world.students[:1])
    library.choose(world.teacher, other)
    clever.go_wrong((f"/v3.1/sections/{other}/users", 0, "401"))
    with pytest.raises(TokenRefused) as refused:
        library.update(world.teacher, token=(token := library.log_in(world.teacher.clever_id)))

    assert library.classes(world.teacher) == {world.maths: world.students}
    kept = query(product, "select counts::text, dagster_run_id from roster.syncs")
    assert token not in f"{refused.value}{kept}"


def test_screen_lists_own_and_shared_classes_by_name(library, world, environment):
    shared = world.town.section(2, teachers=[world.town.teacher(2), world.teacher.clever_id], name="Art")
    world.town.section(3, teachers=[world.town.teacher(2)])
    teacher = LibraryTeacher(world.teacher.clever_id, library.log_in(world.teacher.clever_id))
    with impatient_client() as client:
        sections = list_library_sections(client, teacher)

    assert [(each.section_id, each.name, each.students) for each in sections] == [
        (shared, "Art", 0),
        (world.maths, "Class 1", 5),
    ]


def test_undo_gives_the_class_back(library, world, product):
    before = library.classes(world.teacher)
    plan = library.update(world.teacher)
    library.undo(plan)

    assert library.classes(world.teacher) == before
    undone = "select account_id, mode from roster.syncs order by id desc limit 1"
    assert query(product, undone) == [(world.teacher.account_id, "undo")]


def test_id_of_a_connected_district_stays_there(world, product, answer):
    """A student of a district is not taken over by a teacher of another one."""
    key = world.students[1]
    execute(product, DISTRICT)
    execute(product, UNLINK, as_sync=True, key=key)
    execute(product, LINK, as_sync=True, key=key)
    before = query(product, LINKS, key=key)
    answer()
    assert query(product, LINKS, key=key) == before
