"""A district that has other Clever ids than Clever Library merges nobody and asks about equal students (R3.13)."""

from types import SimpleNamespace

import pytest

from roster_pipeline.corrections.resolve import resolve_review
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.product.database import district_lock, name_teacher_lock, transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.sync_context import utc_now
from roster_pipeline_tests.support.library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.town import Town

REVIEWS = "select clever_id, reason, account_id from roster.reviews where state = 'open' order by clever_id"
NUMBER = "select id from roster.reviews where state = 'open' and clever_id = :key"
ACCOUNT = "select account_id from roster.identity_links where clever_id = :key and unlinked_at is null"
LOSE = "delete from roster.reviews where reason = 'library_student'"
OLD = "select archived_at is not null, term_name from roster.rosters where clever_id = :key"
NATIVE = """
    with own as (
        insert into roster.rosters (organization_id, name) values (roster.library_organization(), 'Mine') returning id
    )
    insert into roster.roster_teachers (roster_id, account_id) select id, :account from own
"""
NATIVE_OWNER = """
    select o.clever_district_id from roster.rosters as r
    inner join roster.organizations as o on o.id = r.organization_id where r.source = 'native'
"""
EMAIL = "jlee@example.org"


@pytest.fixture
def world(library, product, quick_sync):
    """A Library teacher whose district connects with other ids: of three students, two have one initial."""
    old = library.serve(Town(1))
    teacher = library.join(old.teacher(1, "Jo", "Lee", email=EMAIL), EMAIL)
    names = [("Ada", "Brook"), ("Bo", "Stone"), ("Bo", "Singh")]
    students = [old.student(number, *name) for number, name in enumerate(names, 1)]
    maths = old.section(1, name="Maths", teachers=[teacher.clever_id], students=students)
    library.choose(teacher, maths)
    library.update(teacher)
    new = Town(2)
    library.clever.served.append(new)
    twin = new.teacher(1, "Jo", "Lee", email=EMAIL)
    twins = [new.student(number, *name) for number, name in enumerate(names, 1)]
    new.section(1, name="Maths", teachers=[twin], students=twins)
    with transaction(product) as pg:
        connect_district(pg, new.id, name="Town 2", tier="secure_sync")
    quick_sync(new)
    return SimpleNamespace(
        town=new, teacher=teacher, students=students, maths=maths, twin=twin, twins=twins, sync=lambda: quick_sync(new)
    )


def account(product, key):
    return query(product, ACCOUNT, key=key)[0][0]


def test_other_ids_open_reviews_and_merge_nobody(world, product):
    ada = account(product, world.students[0])

    assert query(product, REVIEWS) == [
        (world.twin, "other_organization", world.teacher.account_id),
        (world.twins[0], "library_student", ada),
    ]
    assert account(product, world.twins[0]) != ada
    assert query(product, OLD, key=world.maths) == [(False, None)]
    world.sync()
    assert len(query(product, REVIEWS)) == 2
    execute(product, LOSE, as_sync=True)  # as a process that is killed before the reviews
    world.sync()
    assert len(query(product, REVIEWS)) == 2


def decide(product, key):
    """Decide the review of a person as the same person. Return the sync that records it."""
    with transaction(product) as pg:
        ((review,),) = query(product, NUMBER, key=key)
        return resolve_review(pg, review, "relink", decided_by="operator", at=utc_now()).sync_id


def test_relink_waits_for_no_update_of_the_teacher(world, product):
    update = name_teacher_lock(world.teacher.account_id)
    with (
        district_lock(product, update, on_wait=pytest.fail),
        pytest.raises(CorrectionRefused, match="An update of account"),
    ):
        decide(product, world.twin)
    relink = decide(product, world.twin)
    with (
        district_lock(product, update, on_wait=pytest.fail),
        pytest.raises(CorrectionRefused, match="An update of account"),
        transaction(product) as pg,
    ):
        undo_sync(pg, relink, utc_now())

    assert account(product, world.twin) == world.teacher.account_id


def test_relink_of_the_teacher_archives_the_old_classes(world, product):
    with pytest.raises(CorrectionRefused, match="teacher of Clever Library"):
        decide(product, world.twins[0])
    relink = decide(product, world.twin)
    assert query(product, OLD, key=world.maths) == [(True, "From Clever Library")]
    with transaction(product) as pg:
        undo_sync(pg, relink, utc_now())
    assert query(product, OLD, key=world.maths) == [(False, None)]


def test_relink_moves_the_accounts_to_the_district(world, product):
    ada = account(product, world.students[0])
    execute(product, NATIVE, account=world.teacher.account_id)
    for key, _, _ in query(product, REVIEWS):
        decide(product, key)
    assert world.sync().held == ()

    assert account(product, world.twin) == world.teacher.account_id
    assert account(product, world.twins[0]) == ada
    names = "select first_name, last_name, email from roster.accounts where id = :id"
    assert query(product, names, id=ada) == [("Ada", "Brook", "student1@town2.example.org")]
    assert query(product, names, id=world.teacher.account_id)[0][2] == EMAIL
    assert query(product, REVIEWS) == []
    assert query(product, NATIVE_OWNER) == [(world.town.id,)]
