"""The progress of a running sync: its steps and the rows that it has read."""

import sqlalchemy as sa

from roster_pipeline.syncs import progress
from roster_pipeline.syncs.progress import STEPS, SyncProgress
from roster_pipeline_tests.support.readers import query

PROGRESS = "select step, read_rows, expected_rows from roster.syncs where state = 'running'"


def test_a_running_sync_shows_each_step_and_what_it_read(product, valley, quick_sync, monkeypatch):
    quick_sync(valley)
    monkeypatch.setattr(progress, "RECORD_SECONDS", 0)
    seen, record = [], SyncProgress._record

    def record_and_look(self, **values):
        record(self, **values)
        seen.extend(query(product, PROGRESS))

    monkeypatch.setattr(SyncProgress, "_record", record_and_look)
    quick_sync(valley)
    steps, read, expected = zip(*seen, strict=True)
    rows = [number for number in read if number]

    assert tuple(dict.fromkeys(steps)) == STEPS
    assert rows == sorted(rows)
    assert set(expected) == {rows[-1]}


def test_a_sync_goes_on_if_its_progress_cannot_be_recorded(product, valley, quick_sync, monkeypatch):
    monkeypatch.setattr(progress, "syncs", progress.syncs.to_metadata(sa.MetaData(), name="gone"))

    assert quick_sync(valley).total
