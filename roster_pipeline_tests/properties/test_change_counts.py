"""Every count in the answer of a sync is the number of its changes in the journal, over random histories."""

from hypothesis import given
from hypothesis import strategies as st

from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.changes import count_listed, list_changes
from roster_pipeline_tests.support.changes import (
    NO_LIMITS,
    apply,
    begin,  # noqa: F401 - a fixture
    changes,
    examples,
    tiny,
)
from roster_pipeline_tests.support.readers import query

histories = st.lists(st.lists(changes, min_size=1, max_size=10), min_size=2, max_size=4)
LAST = "select id, counts -> 'told' from roster.syncs order by id desc limit 1"


@examples
@given(histories)
def test_counts_of_an_answer_equal_the_journal(quick_sync, product, begin, history):
    district = tiny()
    begin(district)
    for day in history:
        for change in day:
            apply(district, change)
        quick_sync(district, NO_LIMITS)
        ((sync_id, told),) = query(product, LAST)
        with transaction(product) as pg:
            assert count_listed(list_changes(pg, sync_id, sees_all=True, most=1)) == told
