"""A district that connects takes over the people and classes of Clever Library with the same Clever ids (R3.13)."""

from types import SimpleNamespace

import pytest

from roster_pipeline import pipeline
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.errors import CannotStart, ConnectionGone
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.settings import read_settings
from roster_pipeline.sync_context import utc_now
from roster_pipeline_tests.support.library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.readers import contents, difference, execute, live_rows, published, query
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.stages import sync_request
from roster_pipeline_tests.support.town import Town

ACCOUNTS = """
    select l.clever_id, l.account_id from roster.identity_links as l
    where l.unlinked_at is null and l.organization_id = (
        select id from roster.organizations where clever_district_id = :district
    )
"""
ROSTERS = """
    select r.id, o.clever_district_id, r.hidden_at is not null, r.archived_at is null from roster.rosters as r
    join roster.organizations as o on o.id = r.organization_id where r.source = 'clever' and r.clever_id = :section
"""
NATIVE = """
    with own as (
        insert into roster.rosters (organization_id, name) values (roster.library_organization(), 'Mine') returning id
    )
    insert into roster.roster_teachers (roster_id, account_id) select id, :account from own
"""
NATIVE_OWNER = """
    select o.clever_district_id from roster.rosters as r
    inner join roster.organizations as o on o.id = r.organization_id
    where r.source = 'native'
"""
LAST_MODE = "select mode from roster.syncs where mode <> 'resolve' order by id desc limit 1"
MOVE = "select max(id) from roster.syncs where counts ? 'moved_for'"


@pytest.fixture
def world(library, product):
    """Library teachers with a shared class and a class of one, whose students have work in the product."""
    town = library.serve(Town(1))
    teachers = [town.teacher(1), town.teacher(2)]
    students = [town.student(number) for number in range(1, 8)]
    maths = town.section(1, teachers=teachers, students=students)
    art = town.section(2, teachers=teachers[1:], students=students[:2])
    first, second = (library.join(each) for each in teachers)
    library.choose(first, maths)
    library.choose(second, maths, art)
    library.update(first)
    library.update(second)
    execute(product, "update roster.rosters set hidden_at = now() where clever_id = :s", s=maths)
    execute(product, NATIVE, account=first.account_id)
    execute(product, "insert into roster.library_tokens values (:a, 'secret')", a=first.account_id)
    return SimpleNamespace(town=town, students=students, maths=maths, art=art, first=first, second=second)


@pytest.fixture
def connect_town(world, product):
    """Connect the district of the teachers."""

    def connected():
        world.town.connected = True
        with transaction(product) as pg:
            connect_district(pg, world.town.id, name="Town", tier="secure_sync")
        return world.town

    return connected


def undo(product, sync):
    with transaction(product) as pg:
        return undo_sync(pg, sync, utc_now())


def test_same_ids_move_to_the_district_and_nothing_is_doubled(world, connect_town, quick_sync, product):
    before = dict(query(product, ACCOUNTS, district="library"))
    ((roster, *_),) = query(product, ROSTERS, section=world.maths)
    quick_sync(connect_town())

    assert difference(expect(world.town), published(product, world.town.id)) == {}
    after = dict(query(product, ACCOUNTS, district=world.town.id))
    assert {key: after[key] for key in before} == before
    assert query(product, ROSTERS, section=world.maths) == [(roster, world.town.id, True, True)]
    assert query(product, ACCOUNTS, district="library") == []
    live = "select count(*) from roster.org_memberships as m join roster.organizations as o "
    live += "on o.id = m.organization_id where o.tier = 'library' and m.ended_at is null"
    assert query(product, live) == [(0,)]
    assert query(
        product,
        "select count(*) from roster.roster_teachers where ended_at is null and roster_id in ("
        "select id from roster.rosters where source = 'native')",
    ) == [(1,)]
    assert query(product, NATIVE_OWNER) == [(world.town.id,)]
    assert query(product, "select count(*) from roster.library_tokens") == [(0,)]


def test_second_sync_after_the_move_changes_nothing(connect_town, quick_sync, product):
    quick_sync(connect_town())
    before = contents(product)
    assert quick_sync(connect_town()).total == 0
    assert contents(product) == before


def test_undo_of_sync_and_move_gives_everything_back(world, connect_town, quick_sync, product):
    before = live_rows(product)
    plan = quick_sync(connect_town())
    assert undo(product, plan.sync_id).skipped == []
    ((move,),) = query(product, MOVE)
    assert undo(product, move).skipped == []
    assert query(product, NATIVE_OWNER) == [("library",)]

    after = live_rows(product)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}


def test_preview_shows_the_move_and_makes_none(connect_town, environment, product):
    town = connect_town()
    before = contents(product)
    request = sync_request(read_settings(), product, town.id, is_preview=True)
    with pipeline.open_sync(request) as sync:
        pipeline.ingest(sync, mode="full")
        pipeline.stage(sync)
        pipeline.load_current(sync)
        pipeline.reconcile(sync)
        counts = pipeline.plan(sync).plan.counts

    assert counts["accounts"]["insert"] == 40
    assert contents(product) == before


def test_teacher_whose_district_connected_updates_nothing(world, connect_town, library, quick_sync, product):
    token = library.log_in(world.first.clever_id)
    quick_sync(connect_town())
    before = contents(product)
    with pytest.raises(CannotStart):
        library.update(world.first, token=token)
    assert contents(product) == before


def test_district_that_disconnects_keeps_everything(world, connect_town, quick_sync, product):
    town = connect_town()
    quick_sync(town)
    before = live_rows(product)
    town.connected = False
    with pytest.raises(ConnectionGone):
        quick_sync(town)
    assert live_rows(product) == before


def test_people_and_classes_shared_later_move_in_a_delta(world, connect_town, quick_sync, product):
    town, teacher = world.town, world.first.clever_id
    person, section = town.person(teacher), town.get("sections", world.maths)
    town.leave(teacher)
    town.remove("sections", world.maths)
    quick_sync(connect_town())
    assert [key for key, _ in query(product, ACCOUNTS, district="library")] == [teacher]
    quick_sync(town)
    town.put("users", person)
    town.put("sections", section)
    quick_sync(town, mode="delta")

    assert query(product, LAST_MODE) == [("delta",)]
    assert difference(expect(town), published(product, town.id)) == {}
    assert dict(query(product, ACCOUNTS, district=town.id))[teacher] == world.first.account_id
