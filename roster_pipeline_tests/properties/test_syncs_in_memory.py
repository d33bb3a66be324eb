"""Random histories of tiny districts, synced in memory: many histories share each sync.

The first eight digits of an id say in which history a difference is.
"""

import random

from hypothesis import strategies as st

from roster_pipeline_tests.support.changes import changes, shuffle
from roster_pipeline_tests.support.histories import districts_of, draw_histories, expect_all
from roster_pipeline_tests.support.readers import difference

FULL_DAYS = st.lists(st.lists(changes, min_size=4, max_size=15), min_size=2, max_size=3)
DELTA_DAYS = st.lists(st.lists(changes, min_size=2, max_size=8), min_size=3, max_size=5)
ONE_DAY = st.lists(changes, min_size=10, max_size=20)


def test_syncs_equal_the_oracle_and_the_second_changes_nothing(new_memory):
    memory = new_memory()
    histories = draw_histories(FULL_DAYS, 200)
    while any(history.days for history in histories):
        for history in histories:
            history.live()
        memory.sync(districts_of(histories))
        assert difference(expect_all(histories), memory.published()) == {}
    assert memory.sync(districts_of(histories)) == 0


def test_deltas_equal_the_oracle_and_a_full_sync(new_memory):
    memory = new_memory()
    histories = draw_histories(DELTA_DAYS, 100)
    memory.sync(districts_of(histories))
    expect_all(histories)
    while any(history.days for history in histories):
        for history in histories:
            history.live()
        memory.sync_events(districts_of(histories))
        assert difference(expect_all(histories), memory.published()) == {}
    assert memory.sync(districts_of(histories)) == 0


def test_order_of_records_does_not_change_the_result(new_memory):
    ends = []
    for is_shuffled in (False, True):
        histories = draw_histories(st.tuples(ONE_DAY), 100)
        for history in histories:
            history.live()
        districts = districts_of(histories)
        if is_shuffled:
            random.Random(1).shuffle(districts)
            for district in districts:
                shuffle(district)
        memory = new_memory()
        memory.sync(districts)
        ends.append(memory.published())
    assert difference(*ends) == {}
