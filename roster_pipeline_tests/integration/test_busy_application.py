"""Publishing beside an application that writes to the same tables: neither waits for the other without need or end."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.errors import ProductBusy, ProductUnusable
from roster_pipeline.product import busy
from roster_pipeline.product.busy import Patience, write_product
from roster_pipeline.product.database import connect
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import difference, execute, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.scripts import until

APPLICATION = "teachers-app"
JOIN = "insert into roster.roster_students (roster_id, account_id) select :roster, unnest(cast(:accounts as bigint[]))"
LOCK = "select id from roster.accounts where id = any(:accounts) for update"
WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
HURRIED = Patience(tries=2, lock_seconds=0.2, sleep=lambda _seconds: None, random=lambda: 0.0)


@contextmanager
def at_work(engine):
    """A transaction of the application, which is given up in the end; it fails where it would have to wait long."""
    with engine.connect() as session:
        session.execute(sa.text("set local lock_timeout = '20s'"))
        yield session
        session.rollback()


@pytest.fixture
def application(database_url):
    """The application's own connections to the product database."""
    url = (
        sa.make_url(database_url)
        .set(drivername="postgresql+psycopg")
        .update_query_dict({"application_name": APPLICATION})
    )
    engine = connect(url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


@pytest.fixture
def renamed(valley, quick_sync, product):
    """Accounts of a published district, in order: Clever has another name for the students since, and their count."""
    quick_sync(valley)
    keys = users_of(valley, "student")
    for key in keys[:20]:
        user = valley.get("users", key)
        valley.put("users", user | {"name": user["name"] | {"last": "Renamed"}})
    linked = "select account_id from roster.identity_links where clever_id = any(:keys) order by account_id"
    return [account for (account,) in query(product, linked, keys=keys[:20])]


@pytest.fixture
def club(product, renamed):
    """A native class."""
    made = "insert into roster.rosters (organization_id, name) select id, 'Chess' from roster.organizations"
    return execute(product, f"{made} returning id")


def names(product, accounts):
    return query(product, "select distinct last_name from roster.accounts where id = any(:ids)", ids=accounts)


def test_given_students_who_are_just_joining_native_classes_when_renamed_by_a_sync_then_it_waits_for_nobody(
    valley, quick_sync, product, application, renamed, club
):
    with at_work(application) as session:
        session.execute(sa.text(JOIN), {"roster": club, "accounts": renamed})
        assert quick_sync(valley, patience=HURRIED).counts == {"accounts": {"update": 20}}
        session.commit()
    assert names(product, renamed) == [("Renamed",)]
    assert query(product, "select count(*) from roster.roster_students where roster_id = :id", id=club) == [(20,)]


def test_given_a_sync_that_is_just_renaming_students_when_they_join_native_classes_then_nobody_waits_for_it(
    valley, quick_sync, product, application, renamed, club, monkeypatch
):
    """The students join while the transaction of the sync has written all and is not committed."""
    joined = []

    def join(engine, work, patience=None):
        def publish(pg):
            done = work(pg)
            with at_work(application) as session:
                session.execute(sa.text(JOIN), {"roster": club, "accounts": renamed})
                session.commit()
            joined.append(names(application, renamed))
            return done

        return busy.write_product(engine, publish, patience)

    monkeypatch.setattr("roster_pipeline_tests.support.stages.write_product", join)
    quick_sync(valley)
    assert len(joined) == 1
    assert [("Renamed",)] not in joined
    assert names(product, renamed) == [("Renamed",)]


def test_given_a_session_that_holds_a_student_for_ever_when_synced_then_one_line_names_it_and_nothing_is_half_done(
    valley, sync, product, application, renamed, monkeypatch
):
    monkeypatch.setattr(busy, "Patience", lambda: HURRIED)
    before = row_versions(product)
    with at_work(application) as session:
        session.execute(sa.text(LOCK), {"accounts": renamed[-1:]})
        holder = session.execute(sa.text("select pg_backend_pid()")).scalar_one()
        ended = sync(valley)
    assert (ended.exit_code, ended.failure.count("\n")) == (6, 0)
    assert f"process {holder}, application {APPLICATION}" in ended.failure
    assert "Renamed" not in ended.failure
    assert row_versions(product) == before
    assert sync(valley).exit_code == 0
    assert difference(expect(valley), published(product, valley.id)) == {}


def test_given_a_session_that_lets_go_between_two_tries_when_synced_then_published(
    valley, quick_sync, product, application, renamed
):
    with at_work(application) as session:
        session.execute(sa.text(LOCK), {"accounts": renamed[:1]})
        patience = Patience(tries=2, lock_seconds=0.2, sleep=lambda _seconds: session.rollback(), random=lambda: 0.0)
        quick_sync(valley, patience=patience)
    assert difference(expect(valley), published(product, valley.id)) == {}


def test_given_a_session_that_holds_what_the_sync_needs_and_needs_what_it_holds_when_synced_then_both_are_done(
    valley, quick_sync, product, application, renamed
):
    first, last = renamed[0], renamed[-1]
    with at_work(application) as session, ThreadPoolExecutor() as pool:
        session.execute(sa.text(LOCK), {"accounts": [last]})
        patience = Patience(lock_seconds=20, sleep=lambda _seconds: None)
        syncing = pool.submit(quick_sync, valley, patience=patience)
        until(lambda: query(application, WAITING) == [(1,)])
        session.execute(sa.text(LOCK), {"accounts": [first]})  # a deadlock, of which PostgreSQL ends one
        session.commit()
        syncing.result(timeout=120)
    assert names(product, renamed) == [("Renamed",)]


def test_given_addresses_that_change_and_names_that_do_when_synced_then_only_those_accounts_are_held_against_joining(
    valley, quick_sync, product, application, renamed, club
):
    keys = dict(query(product, "select clever_id, account_id from roster.identity_links where unlinked_at is null"))
    moving, *_ = [key for key, account in keys.items() if account == renamed[0]]
    valley.put("users", valley.get("users", moving) | {"email": "moved@example.org"})
    with at_work(application) as session:
        session.execute(sa.text(JOIN), {"roster": club, "accounts": renamed[1:]})
        quick_sync(valley, patience=HURRIED)
    assert query(product, "select email from roster.accounts where id = :id", id=renamed[0]) == [("moved@example.org",)]
    assert difference(expect(valley), published(product, valley.id)) == {}


def test_given_a_session_that_holds_a_student_when_their_sync_is_undone_then_refused_by_name_and_later_done(
    valley, quick_sync, product, application, renamed
):
    synced = quick_sync(valley).sync_id

    def undo(pg):
        return undo_sync(pg, synced, datetime.now(UTC))

    with at_work(application) as session:
        session.execute(sa.text(LOCK), {"accounts": renamed[:1]})
        with pytest.raises(ProductBusy, match=f"application {APPLICATION}"):
            write_product(product, undo, HURRIED)
    assert write_product(product, undo, HURRIED).counts == {"accounts": {"update": 20}}
    assert names(product, renamed) != [("Renamed",)]


def test_given_a_holder_when_tried_then_the_waits_grow_and_each_try_begins_anew(product, application, renamed):
    slept, tries = [], []

    def work(pg):
        tries.append(pg.execute(sa.text("select pg_current_xact_id()::text")).scalar_one())
        pg.execute(sa.text("update roster.organizations set limits_once = '{\"district_removals\": 1}'"))
        pg.execute(sa.text(LOCK), {"accounts": renamed[:1]})

    patience = Patience(lock_seconds=0.05, sleep=slept.append, random=lambda: 0.5)
    with at_work(application) as session:
        session.execute(sa.text(LOCK), {"accounts": renamed[:1]})
        with pytest.raises(ProductBusy):
            write_product(product, work, patience)
    assert slept == pytest.approx([0.15, 0.3, 0.6, 1.2])
    assert len(set(tries)) == 5
    assert query(product, "select distinct limits_once::text from roster.organizations") == [("{}",)]


def test_given_a_refusal_that_is_no_conflict_when_tried_then_not_again(product):
    tries = []

    def work(pg):
        tries.append(pg)
        pg.execute(sa.text("select 1 / 0"))

    with pytest.raises(ProductUnusable, match="22012") as refused:
        write_product(product, work, HURRIED)
    assert (len(tries), type(refused.value)) == (1, ProductUnusable)


def test_given_sessions_of_this_program_when_an_administrator_looks_then_they_have_its_name(product):
    shown = "select application_name from pg_stat_activity where pid = pg_backend_pid()"
    assert query(product, shown) == [("roster-pipeline",)]
