"""What a command corrects is written wholly or not at all, and is saved whatever happens afterwards."""

import pytest

from roster_pipeline.corrections import run
from roster_pipeline.corrections.run import correct_district
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.errors import LockLost, ServerUnreachable
from roster_pipeline.settings import read_settings
from roster_pipeline.sync_context import utc_now
from roster_pipeline_tests.support.readers import contents, query

END_LOCKS = """
    select count(pg_terminate_backend(l.pid)) from pg_locks as l
    inner join pg_database as d on d.oid = l.database and d.datname = current_database()
    where l.locktype = 'advisory' and l.mode = 'ExclusiveLock' and l.granted
"""


@pytest.fixture
def correct(valley, known_sync, product, environment):
    """Undo the first sync of a district. Return the report and the sentences for the operator."""
    sync_id = known_sync(valley).sync_id

    def corrected():
        sentences = []
        report = correct_district(
            read_settings(),
            product,
            valley.id,
            lambda pg, at: undo_sync(pg, sync_id, at),
            now=utc_now,
            warn=sentences.append,
        )
        return report, sentences

    return corrected


def test_a_correction_whose_lock_is_lost_changes_nothing(correct, product, monkeypatch):
    before = contents(product)

    def count(_pg, _sync_id):
        query(product, END_LOCKS)
        return ()

    monkeypatch.setattr(run, "count_correction", count)
    with pytest.raises(LockLost):
        correct()
    assert contents(product) == before


def test_a_saved_correction_is_reported_without_the_server(correct, product, monkeypatch):
    def renew(*_arguments, **_more):
        raise ServerUnreachable("away")

    monkeypatch.setattr(run, "renew_snapshot", renew)
    report, (sentence,) = correct()

    assert report.counts
    assert f"saved as sync {report.result.sync_id}" in sentence
