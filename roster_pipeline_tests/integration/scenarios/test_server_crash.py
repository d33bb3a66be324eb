"""PostgreSQL crashes and restarts in the middle of a sync, on a server of its own."""

import os
import shutil
import signal
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import psutil
import pytest
import sqlalchemy as sa

from roster_pipeline.embedded import product_url, stop_if_last
from roster_pipeline.product.database import connect as connect_to
from roster_pipeline.product.database import migrate
from roster_pipeline.settings import Settings
from roster_pipeline_tests.support.interruptions import RUNNING, WAITING, wait_until
from roster_pipeline_tests.support.readers import difference, published, query
from roster_pipeline_tests.support.rule_book import expect


@pytest.fixture
def server():
    """The settings of a server of this test alone."""
    settings = Settings(home=Path(mkdtemp(prefix="roster-tests-")), database_url=None)
    yield settings
    stop_if_last(settings)
    shutil.rmtree(settings.home, ignore_errors=True)


@pytest.fixture
def database_url(server):
    engine = connect_to(product_url(server))
    migrate(engine)
    engine.dispose()
    return product_url(server).replace("postgresql+psycopg://", "postgresql://")


def crash(settings):
    """End the server at once, without a word to anybody; then start it, and it recovers."""
    postmaster = psutil.Process(int((settings.postgres_folder / "postmaster.pid").read_text().split()[0]))
    os.kill(postmaster.pid, signal.SIGQUIT)
    postmaster.wait(120)
    product_url(settings)


def test_crash_of_the_server_while_publishing_loses_nothing(town, server, sync, resync, product):
    resync()
    before = published(product, town.id)
    town.section(1, teachers=[town.teacher(1)], students=[town.student(1)])
    town.leave(town.student(119))
    with ThreadPoolExecutor(1) as thread, suppress(sa.exc.DBAPIError), product.connect() as blocker:
        blocker.exec_driver_sql("lock table roster.rosters in share mode")
        running = thread.submit(sync, town)
        wait_until(lambda: query(product, WAITING))
        crash(server)
    ended = running.result()
    assert (ended.exit_code, "\n" in ended.failure.strip()) == (6, False)
    product.dispose()
    assert published(product, town.id) == before
    resync()
    assert difference(expect(town, before), published(product, town.id)) == {}
    assert query(product, RUNNING) == [(0,)]
