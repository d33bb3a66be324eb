"""Publishing beside an application that writes to the same tables: neither blocks the other for long."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from roster_pipeline import pipeline
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.errors import ProductBusy, ProductUnusable
from roster_pipeline.product import busy
from roster_pipeline.product.busy import Patience, write_product
from roster_pipeline.product.database import connect
from roster_pipeline.publication import prepare_publication
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import difference, execute, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.scripts import wait_until

APPLICATION = "teachers-app"
JOIN = "insert into roster.roster_students (roster_id, account_id) select :roster, unnest(cast(:accounts as bigint[]))"
LOCK = "select id from roster.accounts where id = any(:accounts) for update"
WAITING = "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
HURRIED = Patience(tries=2, lock_seconds=0.6, sleep=lambda _seconds: None, random=lambda: 0.0)


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


def test_rename_waits_for_no_native_enrollment(valley, quick_sync, product, application, renamed, club):
    with at_work(application) as session:
        session.execute(sa.text(JOIN), {"roster": club, "accounts": renamed})
        assert quick_sync(valley, patience=HURRIED).counts == {"accounts": {"update": 20}}
        session.commit()
    assert names(product, renamed) == [("Renamed",)]
    assert query(product, "select count(*) from roster.roster_students where roster_id = :id", id=club) == [(20,)]


def test_native_enrollment_waits_for_no_rename(valley, quick_sync, product, application, renamed, club, monkeypatch):
    """The students join while the transaction of the sync has written all and is not committed."""
    joined = []

    def prepare_and_join(*arguments, **more):
        work = prepare_publication(*arguments, **more)

        def publish(pg):
            done = work(pg)
            with at_work(application) as session:
                session.execute(sa.text(JOIN), {"roster": club, "accounts": renamed})
                session.commit()
            joined.append(names(application, renamed))
            return done

        return publish

    monkeypatch.setattr(pipeline, "prepare_publication", prepare_and_join)
    quick_sync(valley)
    assert len(joined) == 1
    assert [("Renamed",)] not in joined
    assert names(product, renamed) == [("Renamed",)]


def test_endless_lock_is_named_and_nothing_is_half_done(valley, sync, product, application, renamed, monkeypatch):
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


def test_lock_released_between_tries_is_published(valley, quick_sync, product, application, renamed):
    with at_work(application) as session:
        session.execute(sa.text(LOCK), {"accounts": renamed[:1]})
        patience = Patience(tries=2, lock_seconds=0.6, sleep=lambda _seconds: session.rollback(), random=lambda: 0.0)
        quick_sync(valley, patience=patience)
    assert difference(expect(valley), published(product, valley.id)) == {}


def test_deadlock_with_the_application_ends_with_both_done(valley, quick_sync, product, application, renamed):
    first, last = renamed[0], renamed[-1]
    with at_work(application) as session, ThreadPoolExecutor() as pool:
        session.execute(sa.text(LOCK), {"accounts": [last]})
        patience = Patience(lock_seconds=20, sleep=lambda _seconds: None)
        syncing = pool.submit(quick_sync, valley, patience=patience)
        wait_until(lambda: query(application, WAITING) == [(1,)])
        session.execute(sa.text(LOCK), {"accounts": [first]})  # a deadlock, of which PostgreSQL ends one
        session.commit()
        syncing.result(timeout=120)
    assert names(product, renamed) == [("Renamed",)]


def test_sync_locks_only_accounts_whose_email_changes(valley, quick_sync, product, application, renamed, club):
    keys = dict(query(product, "select clever_id, account_id from roster.identity_links where unlinked_at is null"))
    moving, *_ = [key for key, account in keys.items() if account == renamed[0]]
    valley.put("users", valley.get("users", moving) | {"email": "moved@example.org"})
    with at_work(application) as session:
        session.execute(sa.text(JOIN), {"roster": club, "accounts": renamed[1:]})
        quick_sync(valley, patience=HURRIED)
    assert query(product, "select email from roster.accounts where id = :id", id=renamed[0]) == [("moved@example.org",)]
    assert difference(expect(valley), published(product, valley.id)) == {}


def test_undo_names_the_lock_holder_and_works_later(valley, quick_sync, product, application, renamed):
    synced = quick_sync(valley).sync_id

    def undo(pg):
        return undo_sync(pg, synced, datetime.now(UTC))

    with at_work(application) as session:
        session.execute(sa.text(LOCK), {"accounts": renamed[:1]})
        with pytest.raises(ProductBusy, match=f"application {APPLICATION}"):
            write_product(product, undo, HURRIED)
    assert write_product(product, undo, HURRIED).counts == {"accounts": {"update": 20}}
    assert names(product, renamed) != [("Renamed",)]


def test_waits_grow_and_each_try_starts_anew(product, application, renamed):
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


def test_refusal_without_a_conflict_is_not_retried(product):
    tries = []

    def work(pg):
        tries.append(pg)
        pg.execute(sa.text("select 1 / 0"))

    with pytest.raises(ProductUnusable, match="22012") as refused:
        write_product(product, work, HURRIED)
    assert (len(tries), type(refused.value)) == (1, ProductUnusable)


def test_sessions_carry_the_name_of_the_program(product):
    shown = "select application_name from pg_stat_activity where pid = pg_backend_pid()"
    assert query(product, shown) == [("roster-pipeline",)]
