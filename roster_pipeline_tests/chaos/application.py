"""Disturb a sync from the database: an application writes its own classes, and a network ends idle sessions."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from random import Random
from threading import Event

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from roster_pipeline.product.refusals import BUSY
from roster_pipeline_tests.chaos.places import OWN, Place
from roster_pipeline_tests.support.readers import execute, query

CONNECTIONS, ROWS = 4, 20
"""Of the application, and how many rows each of its transactions writes."""
PAUSE_SECONDS = 0.05
OPEN_CLASS = (
    "insert into roster.rosters (organization_id, name) select id, 'Busy club' from roster.organizations "
    "where not exists (select from roster.rosters where name = 'Busy club') limit 1"
)
ENROLL = """
    insert into roster.roster_students (roster_id, account_id)
    select r.id, m.account_id from roster.rosters as r
    join roster.org_memberships as m on m.organization_id = r.organization_id and m.ended_at is null
    where r.name = 'Busy club' order by random() limit :rows
    on conflict (roster_id, account_id) do update set ended_at = null
"""
IDLE = "select pid from pg_stat_activity where datname = current_database() and state like 'idle%' " + (
    "and application_name <> :own"
)


@contextmanager
def busy(place: Place) -> Iterator[None]:
    """Let an application add students to its own class while the context lasts."""
    execute(place.engine, OPEN_CLASS)
    with _meanwhile(CONNECTIONS, lambda: _enroll(place)):
        yield
    execute(
        place.engine,
        "delete from roster.roster_students where roster_id in "
        "(select id from roster.rosters where name = 'Busy club')",
    )


@contextmanager
def cutting_sessions(place: Place, rng: Random) -> Iterator[None]:
    """Let a network end idle sessions at random while the context lasts."""
    odds = rng.choice((0.05, 0.3, 1.0))

    def cut() -> None:
        for (pid,) in query(place.engine, IDLE, own=OWN):
            if rng.random() < odds:
                query(place.engine, "select pg_terminate_backend(:pid)", pid=pid)

    with _meanwhile(1, cut):
        yield


def _enroll(place: Place) -> None:
    """Run one transaction of the application. It is repeated later if PostgreSQL ends it because of a deadlock."""
    try:
        with place.engine.begin() as pg:
            pg.execute(sa.text(ENROLL), {"rows": ROWS})
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) not in BUSY:
            raise


@contextmanager
def _meanwhile(workers: int, work: Callable[[], None]) -> Iterator[None]:
    """Repeat `work` in threads until the context ends. Raise an error of a thread then."""
    over = Event()

    def repeat() -> None:
        while not over.wait(PAUSE_SECONDS):
            work()

    with ThreadPoolExecutor(workers) as pool:
        started = [pool.submit(repeat) for _ in range(workers)]
        try:
            yield
        finally:
            over.set()
        for one in started:
            one.result()
