"""Delta syncs: what events say is published as a full read would publish it."""

from roster_pipeline.sandbox.school_day import school_days
from roster_pipeline_tests.integration.readers import query

MODES = "select mode, mode_reason from roster.syncs order by id"


def test_given_a_school_day_when_synced_by_its_events_then_a_full_read_finds_nothing_to_do(quick_sync, product, valley):
    quick_sync(valley)
    school_days(valley, 1)
    plan = quick_sync(valley, mode="auto")
    assert plan.total > 0
    assert [mode for mode, _ in query(product, MODES)] == ["full", "delta"]
    assert quick_sync(valley).total == 0
