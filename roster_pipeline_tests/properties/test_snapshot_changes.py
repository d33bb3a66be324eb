"""A snapshot that is renewed in passes equals one that is written anew from PostgreSQL, with the same history."""

import contextlib
import shutil
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.model.decisions import DECISIONS
from roster_pipeline.product.database import transaction
from roster_pipeline.pseudonyms.key_records import open_keys
from roster_pipeline.settings import read_settings
from roster_pipeline.snapshot import write_snapshot
from roster_pipeline_tests.support.changes import NO_LIMITS, apply, changes, examples
from roster_pipeline_tests.support.crowd import days_here, happens, live, nth, signed_up
from roster_pipeline_tests.support.readers import query
from roster_pipeline_tests.support.snapshots import rows, rows_as_of
from roster_pipeline_tests.support.towns import (
    REVIEWS,
    towns,  # noqa: F401 - fixtures
)
from roster_pipeline_tests.support.towns import decide as decided
from roster_pipeline_tests.support.towns import undo as undone

days_of_feed = st.tuples(st.just(0), st.just([]), *happens[1:])
"""Days on which the product changes nothing on its own. The journal has no such change."""
steps = st.one_of(
    st.tuples(st.just("day"), days_of_feed, st.lists(changes, max_size=6)),
    st.tuples(st.just("day"), st.just((0, [], [], [])), st.lists(changes, min_size=1, max_size=6)),
    st.tuples(st.just("other day"), days_of_feed),
    st.tuples(st.just("undo"), nth),
    st.tuples(st.just("decide"), nth, nth),
)
own_days = st.tuples(st.just("day"), days_here, st.lists(changes, max_size=6))
PLACES = (".", "identified")
NEWEST_END = "select finished_at from roster.syncs order by id desc limit 1"
histories = st.lists(st.tuples(steps, st.sampled_from([True, True, False])), min_size=4, max_size=7)


@pytest.fixture
def write(product):
    """Makes a pass over the file of a folder. Return the counts of its rows."""

    def written(folder, *, is_new=False):
        with transaction(product, one_view=True) as pg:
            keys = open_keys(read_settings()).values()
            return write_snapshot(pg, folder, keys, at=datetime.now(UTC), is_new=is_new).rows

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
    elif kind == "other day":
        _, *day = rest[0]
        live(product, districts, (1, *day))
        quick_sync(districts[1], NO_LIMITS, mode="auto")
    elif kind == "undo" and (done := query(product, "select id from roster.syncs order by id desc")):
        with contextlib.suppress(CorrectionRefused):
            undone(product, done[rest[0] % len(done)][0])
    elif kind == "decide" and (asked := query(product, REVIEWS, district=here.id)):
        number, _, reason, _ = asked[rest[0] % len(asked)]
        with contextlib.suppress(CorrectionRefused):
            decided(product, number, DECISIONS[reason][rest[1] % len(DECISIONS[reason])])


@settings(examples, max_examples=3)
@given(signed_up, histories)
def test_passes_leave_what_a_rebuild_leaves(quick_sync, product, towns, write, tmp_path, first, history):
    shutil.rmtree(tmp_path, ignore_errors=True)
    districts = towns(first)
    followed, rebuilt, published = tmp_path / "followed", tmp_path / "rebuilt", {}
    for step, is_written in [(("day", (0, [], [], []), []), True), *history, (("undo", 1), True)]:
        take(product, quick_sync, districts, step)
        write(rebuilt, is_new=True)
        published[query(product, NEWEST_END)[0]] = rows(rebuilt)
        if is_written:
            counts = write(followed)
            assert {name: len(found) for name, found in rows(followed).items()} == counts
            for place in PLACES:
                assert rows(followed / place, "_history") == rows(rebuilt / place, "_history")
    for (ended_at,), shown in published.items():
        as_of = rows_as_of(followed, ended_at)
        assert as_of == {name: shown[name] for name in as_of}


@settings(examples, max_examples=2)
@given(signed_up, st.lists(own_days, min_size=2, max_size=4))
def test_full_sync_brings_in_what_the_product_changed(quick_sync, product, towns, write, tmp_path, first, history):
    shutil.rmtree(tmp_path, ignore_errors=True)
    districts = towns(first)
    for step in [("day", (0, [], [], []), []), *history]:
        take(product, quick_sync, districts, step)
        write(tmp_path / "followed")
        write(tmp_path / "rebuilt", is_new=True)
        for place in PLACES:
            assert rows(tmp_path / "followed" / place) == rows(tmp_path / "rebuilt" / place)
