"""Random worlds of people and accounts: the models decide as docs/rules.md R2.1 to R2.27 say."""

from random import Random

import pytest

from roster_pipeline_tests.support.sql_cases import ROW_ORDERS, SQL_FILES, open_empty_warehouse
from roster_pipeline_tests.support.worlds import draw_world, fill_worlds, find_differences, run_identity_models

WORLDS = 1000


def draw_worlds(seed, number):
    random = Random(seed)
    return [draw_world(index, random) for index in range(1, number + 1)]


@pytest.mark.parametrize("step", ROW_ORDERS.values(), ids=ROW_ORDERS)
def test_accounts_and_reviews_of_random_worlds_equal_the_oracle(step):
    worlds = draw_worlds(1, WORLDS)
    with open_empty_warehouse() as con:
        fill_worlds(con, worlds, step)
        run_identity_models(con)
        assert next(find_differences(con, worlds), None) is None


def test_random_worlds_notice_a_lost_exception_for_teachers():
    """A teacher whose name differs is linked and flagged (docs/rules.md R2.17)."""
    sql = SQL_FILES["int_identities"].read_text(encoding="utf-8")
    changed = sql.replace("reason is null or (reason = 'name_differs' and role = 'teacher')", "reason is null")
    assert changed != sql
    worlds = draw_worlds(2, WORLDS)
    with open_empty_warehouse() as con:
        fill_worlds(con, worlds)
        run_identity_models(con, int_identities=changed)
        assert next(find_differences(con, worlds), None)
