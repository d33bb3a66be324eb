"""Each step of a sync fails once. No partial changes are made and nothing is left over.

Processes that are killed are `test_console`'s.
"""

import re
from contextlib import contextmanager
from datetime import UTC, datetime

import duckdb
import pytest
import sqlalchemy as sa

from roster_pipeline import pipeline
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.land import read_land_result
from roster_pipeline.product.database import transaction
from roster_pipeline.publication import prepare_publication
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import difference, live_rows, published, query, tables
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.stages import STAGES, leave_snapshot, sync_request
from roster_pipeline_tests.support.town import Town

RUNNING = "select count(*) from roster.syncs where state = 'running'"
NAMED = "select count(*) from roster.changes where entity = 'rosters' and op = 'update'"


PUBLISHES = STAGES.index("publish") + 1
WRITES = re.compile(r"^(insert|update|delete)\b|\b(insert into|update|delete from) roster\.", re.IGNORECASE)
"""A statement that writes, alone or as the first part of a journalled write."""


class Broken(Exception):
    """What fails."""


def then_broken(stage):
    """The stage, which fails when all its work is done."""

    def run(*arguments, **more):
        stage(*arguments, **more)
        raise Broken

    return run


@pytest.fixture
def town(connect):
    return connect(Town())


def left_behind():
    """Files that only a sync under way may have."""
    settings = read_settings()
    landing = [path for path in settings.landing_folder.rglob("*") if path.is_file()]
    temporary = [path for path in settings.home.rglob("*") if ".next" in path.name or ".tmp" in str(path)]
    return landing + [path for path in temporary if path.is_file()]


def names_in_snapshot():
    with duckdb.connect(read_settings().snapshots_folder / "latest.duckdb", read_only=True) as con:
        return {name for (name,) in con.execute("select name from rosters").fetchall()}


def test_failure_of_each_step_is_repaired_by_the_next_sync(town, quick_sync, sync, product, monkeypatch):
    section = town.resources["sections"].ids()[0]
    quick_sync(town, snapshot=True)
    was = town.get("sections", section)["name"]
    for step, name in enumerate(STAGES, start=1):
        town.edit("sections", section, name=f"Name {step}")
        with monkeypatch.context() as patch:
            patch.setattr(pipeline, name, then_broken(getattr(pipeline, name)))
            ended = sync(town)
        assert (ended.exit_code, "Broken" in ended.failure, "\n" in ended.failure) == (1, True, False), step
        assert query(product, RUNNING) == [(0,)], step
        assert left_behind() == [], step
        now = published(product, town.id).rosters[section][1]
        assert now == (f"Name {step}" if step >= PUBLISHES else was), step
        leave_snapshot(read_settings(), product)
        assert (was in names_in_snapshot()) == (step < PUBLISHES), step
        was = now
    town.edit("sections", section, name="Last name")
    assert sync(town).exit_code == 0
    assert difference(expect(town), published(product, town.id)) == {}
    leave_snapshot(read_settings(), product)
    assert names_in_snapshot() == {one["name"] for one in town.resources["sections"].values()}
    assert query(product, NAMED) == [(2,)]


@contextmanager
def statement_fails(engine, number):
    """The nth statement from now on that writes to the product breaks, counted from one."""
    came = []

    def count(_con, _cursor, statement, *_):
        if WRITES.search(statement.lstrip()):
            came.append(statement)
        if len(came) == number:
            came.append("broken")
            raise Broken

    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        yield
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)


def written(product):
    """Of every table, how many rows there are and the newest transaction that wrote one."""
    each = (f"select '{name}', count(*), max(xmin::text::bigint) from roster.{name}" for name in tables(product))
    return query(product, " union all ".join(each))


def each_statement_fails(product, write):
    """Do `write` in a transaction until nothing of it fails any more: the nth time its nth statement does."""
    before, number = written(product), 0
    while True:
        number += 1
        with statement_fails(product, number):
            try:
                with transaction(product) as pg:
                    done = write(pg)
            except Broken:
                assert written(product) == before, number
            else:
                return number - 1, done


def test_failure_of_each_publishing_statement_rolls_back(town, quick_sync, product):
    town.section(1, teachers=[town.teacher(1)], students=[town.student(1), "f" * 24])
    quick_sync(town)
    town.edit("sections", town.section(1, students=[town.student(2)]), name="Renamed")
    town.student(100, "Renamed")
    town.leave(town.student(1))
    before = published(product, town.id)
    with pipeline.open_sync(sync_request(read_settings(), product, town.id)) as sync:
        pipeline.ingest(sync, mode="full")
        pipeline.stage(sync)
        pipeline.load_current(sync)
        pipeline.reconcile(sync)
        plan = pipeline.plan(sync).plan
        with sync.warehouse() as con:
            publish = prepare_publication(con, plan, read_land_result(con).district, sync.now)
            statements, _ = each_statement_fails(product, publish)
    assert statements > 15
    assert plan.held == ()
    assert difference(expect(town, before), published(product, town.id)) == {}


def test_failure_of_each_undo_statement_rolls_back(town, quick_sync, known_sync, product):
    known_sync(town)
    before = live_rows(product)
    town.section(1, teachers=[town.teacher(1)], students=[town.student(1)])
    town.student(100, "Renamed")
    sync_id = quick_sync(town).sync_id
    statements, undone = each_statement_fails(product, lambda pg: undo_sync(pg, sync_id, datetime.now(UTC)))
    assert statements > 15
    assert undone.skipped == []
    assert live_rows(product) == before
