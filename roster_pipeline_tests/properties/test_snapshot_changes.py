"""A snapshot that follows the journals equals one that is rebuilt each time."""

import contextlib
import shutil
from datetime import UTC, datetime

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.model.decisions import DECISIONS
from roster_pipeline.product.database import transaction
from roster_pipeline.snapshot import LATEST, write_snapshot
from roster_pipeline.syncs.lifecycle import find_organization_id
from roster_pipeline_tests.support.changes import NO_LIMITS, apply, changes, examples
from roster_pipeline_tests.support.crowd import days_here, live, nth, signed_up
from roster_pipeline_tests.support.readers import query
from roster_pipeline_tests.support.snapshots import rows, rows_as_of
from roster_pipeline_tests.support.towns import (
    REVIEWS,
    towns,  # noqa: F401 - fixtures
)
from roster_pipeline_tests.support.towns import decide as decided
from roster_pipeline_tests.support.towns import undo as undone

steps = st.one_of(
    st.tuples(st.just("day"), days_here, st.lists(changes, max_size=6)),
    st.tuples(st.just("day"), st.just((0, [], [], [])), st.lists(changes, min_size=1, max_size=6)),
    st.tuples(st.just("undo"), nth),
    st.tuples(st.just("decide"), nth, nth),
)
NEWEST_END = "select finished_at from roster.syncs order by id desc limit 1"
histories = st.lists(st.tuples(steps, st.sampled_from([True, True, False])), min_size=4, max_size=7)


@pytest.fixture
def write(product):
    """Brings a district up to date in the file of a folder; if whole, all of it is read again."""

    def written(folder, district, at, *, whole=False):
        if whole and (folder / LATEST).exists():
            with duckdb.connect(folder / LATEST) as con:
                # The newest sync of the file is none that the product knows.
                con.execute("insert into syncs_history (district_id, id) values (?, 9999)", [district.id])
        with transaction(product, one_view=True) as pg:
            here = find_organization_id(pg, district.id)
            newest = pg.exec_driver_sql("select max(id) from roster.syncs").scalar_one()
            names = {"district_id": district.id, "organization_id": here}
            return write_snapshot(pg, folder, **names, sync_id=newest, at=at)

    return written


def take(product, quick_sync, districts, step):
    """One step of a history: a day with a sync at its end, an undo of some sync, or a decision about somebody."""
    kind, *rest = step
    here = districts[0]
    if kind == "day":
        day, edited = rest
        live(product, districts, day)
        for change in edited:
            apply(here, change)
        # What the product did on its own is found by a full read alone.
        quick_sync(here, NO_LIMITS, mode="full" if day[1] else "auto")
    elif kind == "undo" and (done := query(product, "select id from roster.syncs order by id desc")):
        with contextlib.suppress(CorrectionRefused):
            undone(product, done[rest[0] % len(done)][0])
    elif kind == "decide" and (asked := query(product, REVIEWS, district=here.id)):
        number, _, reason, _ = asked[rest[0] % len(asked)]
        with contextlib.suppress(CorrectionRefused):
            decided(product, number, DECISIONS[reason][rest[1] % len(DECISIONS[reason])])


@settings(examples, max_examples=3)
@given(signed_up, histories)
def test_snapshot_equals_one_that_is_read_in_full_each_time(
    quick_sync,
    product,
    towns,
    write,
    tmp_path,
    first,
    history,
):
    shutil.rmtree(tmp_path, ignore_errors=True)
    districts = towns(first)
    followed, reread, published = tmp_path / "followed", tmp_path / "reread", {}
    for step, is_written in [(("day", (0, [], [], []), []), True), *history, (("undo", 1), True)]:
        take(product, quick_sync, districts, step)
        if is_written:
            at = datetime.now(UTC)
            counts = write(followed, districts[0], at)
            assert counts == write(reread, districts[0], at, whole=True)
            assert rows(followed, "_history") == rows(reread, "_history")
            published[query(product, NEWEST_END)[0]] = rows(followed)
    for (ended_at,), shown in published.items():
        as_of = rows_as_of(followed, ended_at)
        assert as_of == {name: shown[name] for name in as_of}
    write(tmp_path / "fresh", districts[0], at)
    assert rows(tmp_path / "fresh") == rows(followed)
