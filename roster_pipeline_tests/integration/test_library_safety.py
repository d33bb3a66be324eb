"""What an update of a Library teacher must not do: end a class that Clever hides, or change another teacher."""

from types import SimpleNamespace

import pytest

from roster_pipeline.cli.holds import approve
from roster_pipeline.corrections.queue import file_correction, run_corrections
from roster_pipeline.errors import SourceUnreachable, TierRefused
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import find_library_organization
from roster_pipeline.sync_context import utc_now
from roster_pipeline.syncs.holds import close_teacher_holds
from roster_pipeline_tests.support.library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.town import Town

ROLES = """
    select a.role, m.role, a.last_name from roster.accounts as a
    join roster.org_memberships as m on m.account_id = a.id and m.ended_at is null where a.id = :account
"""
LINKS = "select count(*) from roster.identity_links where clever_id = :key"
STATES = """
    select s.account_id, h.state from roster.holds as h join roster.syncs as s on s.id = h.sync_id order by s.account_id
"""
DECISIONS = "select state, result ->> 'failure' from roster.corrections order by id"
LIVE = "select archived_at is null from roster.rosters where clever_id = :section"
END_LINK = "update roster.identity_links set unlinked_at = now() where clever_id = :key"
LINK_ELSEWHERE = """
    with district as (
        insert into roster.organizations (clever_district_id, name, tier)
        values ('d15717c7000000000000000a', 'Town', 'secure_sync') returning id
    )
    insert into roster.identity_links (clever_id, account_id, organization_id, rule, decided_by)
    select clever_id, account_id, district.id, 'library', 'sync' from roster.identity_links, district
    where clever_id = :key
"""
FORGET = "delete from roster.library_classes where account_id = :account"


@pytest.fixture
def world(library):
    """Two teachers of one class with six students, and a class of the first teacher alone."""
    town = library.serve(Town(1))
    teachers = [town.teacher(1), town.teacher(2)]
    students = [town.student(number) for number in range(1, 7)]
    maths = town.section(1, teachers=teachers, students=students)
    music = town.section(2, teachers=teachers[:1], students=students[:2])
    first = library.join(teachers[0])
    library.choose(first, maths, music)
    return SimpleNamespace(town=town, teachers=teachers, students=students, maths=maths, music=music, first=first)


def join_second(library, world):
    second = library.join(world.teachers[1])
    library.choose(second, world.maths)
    return second


def list_as_student(world, key):
    """Put a teacher among the students of a class. Clever gives the teacher both roles."""
    world.town.edit("users", key, roles={"teacher": world.town.role(2), "student": world.town.role(2)})
    world.town.edit("sections", world.maths, students=[*world.students, key])


def decide(product, teacher, kind, plan):
    """File and run the decision of a teacher about a held plan."""
    args = {"plan": plan.held_digest, "account_id": teacher.account_id}
    with transaction(product) as pg:
        organization = find_library_organization(pg)
        file_correction(pg, organization, kind, args, requested_by=f"account:{teacher.account_id}")
    run_corrections(product, utc_now)


def test_teacher_among_students_stays_a_teacher(library, world, product):
    second = join_second(library, world)
    library.update(second)
    before = query(product, ROLES, account=second.account_id)
    list_as_student(world, second.clever_id)
    library.update(world.first)

    assert query(product, ROLES, account=second.account_id) == before
    assert before[0][:2] == ("teacher", "teacher")
    assert library.classes(world.first)[world.maths] == world.students
    library.update(second)
    assert library.update(world.first).total == 0


def test_account_of_a_teacher_is_not_made_as_a_student(library, world, product):
    list_as_student(world, world.teachers[1])
    library.update(world.first)

    assert query(product, LINKS, key=world.teachers[1]) == [(0,)]
    assert library.classes(world.first)[world.maths] == world.students


def test_empty_list_ends_no_class(library, world):
    library.update(world.first)
    before = library.classes(world.first)
    for section in (world.maths, world.music):
        world.town.remove("sections", section)

    assert library.update(world.first).only_adds
    assert library.classes(world.first) == before


def test_class_that_is_gone_from_clever_waits(library, world):
    library.update(world.first)
    world.town.remove("sections", world.maths)
    plan = library.update(world.first)
    assert [(part.reason, part.removals, part.of) for part in plan.held] == [("class_removals", 6, 6)]
    assert set(library.classes(world.first)) == {world.maths, world.music}
    with pytest.raises(TierRefused):
        approve(plan.held_digest, as_json=True)

    library.approve(plan)
    library.update(world.first)
    assert set(library.classes(world.first)) == {world.music}


def test_co_teachers_decide_about_their_own_holds(library, world, product):
    second = join_second(library, world)
    for teacher in (world.first, second):
        library.update(teacher)
    world.town.edit("sections", world.maths, students=world.students[:1])
    plan, other = library.update(world.first), library.update(second)
    assert plan.held_digest != other.held_digest
    decide(product, world.first, "approve", plan)
    decide(product, world.first, "approve", other)

    assert query(product, DECISIONS) == [("done", None), ("failed", "refused")]
    assert query(product, STATES) == [(world.first.account_id, "approved"), (second.account_id, "open")]
    with transaction(product) as pg:
        close_teacher_holds(pg, [second.account_id])  # as when a district takes the teacher over
    assert query(product, STATES)[1] == (second.account_id, "superseded")


def test_undo_of_a_removal_lasts(library, world):
    library.update(world.first)
    before = library.classes(world.first)
    library.remove(world.first, world.maths)
    plan = library.update(world.first)
    assert not plan.held
    library.undo(plan)
    library.update(world.first)

    assert library.classes(world.first) == before


def test_taught_class_without_a_choice_is_chosen(library, world, product):
    library.update(world.first)
    before = library.classes(world.first)
    execute(product, FORGET, account=world.first.account_id)

    assert library.update(world.first).total == 0
    assert library.classes(world.first) == before


def test_class_that_another_teacher_has_just_chosen_stays(library, world, product):
    library.update(world.first)
    second = join_second(library, world)
    library.remove(world.first, world.maths)
    library.update(world.first)
    assert query(product, LIVE, section=world.maths) == [(True,)]
    library.update(second)

    assert library.classes(second) == {world.maths: world.students}
    assert set(library.classes(world.first)) == {world.music}


def test_student_of_a_district_stays_in_a_library_class(library, world, product):
    library.update(world.first)
    before = library.classes(world.first)
    for statement in (END_LINK, LINK_ELSEWHERE):
        execute(product, statement, as_sync=True, key=world.students[0])

    library.update(world.first)
    assert library.classes(world.first) == before
    assert query(product, "select count(*) from roster.pending_members") == [(0,)]


def test_clever_that_hangs_ends_the_update(library, world, monkeypatch):
    library.update(world.first)
    before = library.classes(world.first)
    monkeypatch.setattr("roster_pipeline.library.feed.MAX_SECONDS", -1.0)

    with pytest.raises(SourceUnreachable):
        library.update(world.first)
    assert library.classes(world.first) == before
