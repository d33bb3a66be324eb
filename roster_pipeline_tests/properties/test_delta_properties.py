"""Events applied to the published data give what a full sync gives, whatever happened (*Delta equals full*)."""

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

days = st.lists(st.lists(changes, min_size=1, max_size=6), min_size=2, max_size=5)
MODES = "select mode from roster.syncs order by id"


@settings(examples, max_examples=20)
@given(days)
def test_deltas_equal_the_oracle_and_a_full_read(
    quick_sync,
    product,
    begin,
    days,
):
    district, expected = tiny(), None
    begin(district)
    quick_sync(district, NO_LIMITS)
    expected = expect(district)
    for day in days:
        for change in day:
            apply(district, change)
        quick_sync(district, NO_LIMITS, mode="auto")
        expected = expect(district, expected)
        assert difference(expected, published(product, district.id)) == {}
    assert {mode for (mode,) in query(product, MODES)} == {"full", "delta"}
    before = row_versions(product)
    assert quick_sync(district, NO_LIMITS).total == 0
    assert row_versions(product) == before
