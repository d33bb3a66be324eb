"""PostgreSQL, one of its sessions, or the space on the disk is lost in the middle of a sync.

That a killed process leaves nothing half done is `test_console`'s.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from roster_pipeline.errors import RosterError
from roster_pipeline.land import open_warehouse
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.gateway import refused
from roster_pipeline_tests.support.interruptions import RUNNING, WAITING, disk_full_at, wait_until
from roster_pipeline_tests.support.readers import difference, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect

OTHER_SESSIONS = "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
TERMINATE = "select count(pg_terminate_backend(pid))"


def test_sessions_cut_while_clever_is_read_break_nothing(town, clever, sync, resync, known_sync, product):
    """As a restart does: the district's lock is gone with its session."""
    known_sync(town)
    town.student(1)
    town.leave(town.student(119))
    clever.go_wrong(("/v3.1/sections", 1, "delay:1"))
    before = published(product, town.id)
    with ThreadPoolExecutor(1) as thread:
        running = thread.submit(sync, town)
        wait_until(lambda: query(product, RUNNING) == [(1,)])
        assert query(product, f"{TERMINATE} {OTHER_SESSIONS}")[0][0] > 0
        ended = running.result()
    assert "\n" not in (ended.failure or "").strip()
    assert published(product, town.id) in (before, expect(town, before))
    assert (ended.exit_code == 0) == (published(product, town.id) != before)
    resync()
    assert difference(expect(town, before), published(product, town.id)) == {}
    assert query(product, RUNNING) == [(0,)]


def test_session_cut_while_publishing_leaves_nothing_half_done(town, sync, resync, known_sync, product):
    known_sync(town)
    before = row_versions(product)
    town.section(1, teachers=[town.teacher(1)], students=[town.student(1)])
    with ThreadPoolExecutor(1) as thread:
        with product.begin() as pg:
            pg.exec_driver_sql("lock table roster.rosters in share mode")
            running = thread.submit(sync, town)
            ((pid,),) = wait_until(lambda: query(product, WAITING))
            query(product, "select pg_terminate_backend(:pid)", pid=pid)
        ended = running.result()
    assert (ended.exit_code, "No partial changes were made" in ended.failure, "\n" in ended.failure) == (6, True, False)
    assert row_versions(product) == before
    assert query(product, RUNNING) == [(0,)]
    resync()
    assert difference(expect(town), published(product, town.id)) == {}


@pytest.mark.parametrize("size", [64, 20_000], ids=["for what Clever sends", "for the district's file"])
def test_full_disk_changes_nothing_until_there_is_room(town, hasty_sync, resync, known_sync, product, size):
    known_sync(town)
    for number in range(3):
        town.section(number, students=[town.student(number)])
    with disk_full_at(size):
        refused(hasty_sync, product, town, code=2)
    assert [path for path in read_settings().landing_folder.rglob("*") if path.is_file()] == []
    resync()
    assert difference(expect(town), published(product, town.id)) == {}


def test_full_disk_while_creating_the_file_lets_it_open_later(tmp_path):
    """A sync killed at that moment leaves the same: part of a header."""
    with disk_full_at(64), pytest.raises(RosterError), open_warehouse(tmp_path, "0" * 24):
        pass
    with open_warehouse(tmp_path, "0" * 24) as con:
        assert con.execute("SELECT 1").fetchall() == [(1,)]
    assert [path.name for path in tmp_path.iterdir()] == ["0" * 24 + ".duckdb"]
