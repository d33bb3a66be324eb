"""Events applied to the published data give what a full sync gives, whatever happened (*Delta equals full*).

A few histories go through HTTP and PostgreSQL here, and in memory beside. `test_syncs_in_memory` has many more.
"""

from hypothesis import given, settings
from hypothesis import strategies as st

from roster_pipeline_tests.support.changes import (
    NO_LIMITS,
    apply,
    begin,  # noqa: F401 - fixtures
    changes,
    examples,
    tiny,
)
from roster_pipeline_tests.support.readers import difference, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect

days = st.lists(st.lists(changes, min_size=1, max_size=6), min_size=2, max_size=3)
MODES = "select mode from roster.syncs order by id"


@settings(examples, max_examples=3)
@given(days)
def test_deltas_equal_the_oracle_and_a_full_read(
    quick_sync,
    product,
    begin,
    new_memory,
    days,
):
    district, memory = tiny(), new_memory()
    begin(district)
    quick_sync(district, NO_LIMITS)
    memory.sync([district])
    expected = expect(district)
    for day in days:
        for change in day:
            apply(district, change)
        quick_sync(district, NO_LIMITS, mode="auto")
        memory.sync_events([district])
        expected = expect(district, expected)
        rows = published(product, district.id)
        assert difference(expected, rows) == {}
        assert difference(memory.published(), rows) == {}
    assert {mode for (mode,) in query(product, MODES)} == {"full", "delta"}
    before = row_versions(product)
    assert quick_sync(district, NO_LIMITS).total == 0
    assert row_versions(product) == before
