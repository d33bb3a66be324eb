"""The links of small generated districts with known identities, counted as `make bench` does."""

from collections import Counter

import pytest

from roster_pipeline.land import open_warehouse
from roster_pipeline_tests.benchmarks.identity import DISTRICT
from roster_pipeline_tests.benchmarks.mistakes import KINDS, USUAL, draw_people
from roster_pipeline_tests.benchmarks.precision import links_of

PEOPLE = 3_000
NOT_TOLD = {
    "nothing wrong, no account yet",
    "last name: a new one, and a new address",
    "address: a typing error in Clever or in the product",
    "address: none in Clever",
    "address: 'None' in Clever",
}
"""Of whom nothing in the product tells that they had an account before, or they had none."""
FLAGGED = """
    select distinct identity.role, review.reason
    from intermediate.int_identities as identity join marts.reviews as review using (clever_id)
    where identity.rule = 'email'
"""


@pytest.fixture
def con(tmp_path):
    with open_warehouse(tmp_path, DISTRICT.id) as opened:
        yield opened


@pytest.mark.parametrize("seed", [1, 2])
def test_contradicted_mistakes_link_nobody_without_a_review(con, product, seed):
    kinds = [kind for kind in links_of(con, product, PEOPLE, seed) if not kind["goes_unseen"]]
    assert [kind for kind in kinds if kind["wrong"] > kind["wrong_flagged"]] == []
    assert sum(kind["right"] for kind in kinds) > PEOPLE / 2


def test_everything_an_exact_email_allows_is_linked(con, product):
    kinds = links_of(con, product, PEOPLE, 3)
    assert {kind["kind"]: kind["right"] for kind in kinds} == {kind["kind"]: kind["in_reach"] for kind in kinds}
    assert sum(kind["people"] for kind in kinds) == PEOPLE


def test_unlinked_person_is_reported_if_there_is_evidence(con, product):
    kinds = [kind for kind in links_of(con, product, PEOPLE, 4) if kind["created"]]
    assert {kind["kind"] for kind in kinds if kind["created_told"] == 0} == NOT_TOLD
    assert [kind for kind in kinds if kind["created_told"] not in (0, kind["created"])] == []


def test_reviewed_links_are_teachers_of_another_name(con, product):
    kinds = links_of(con, product, PEOPLE, 5)
    assert sum(kind["wrong_flagged"] for kind in kinds) > 0
    assert con.execute(FLAGGED).fetchall() == [("teacher", "name_differs")]


def test_emails_moved_within_one_last_name_follow_the_rules(con, product):
    unseen = [kind for kind in links_of(con, product, PEOPLE, 6) if kind["goes_unseen"]]
    assert [kind["wrong"] for kind in unseen] == [kind["people"] for kind in unseen]
    assert [kind["wrong_flagged"] for kind in unseen] == [0] * len(unseen)


def test_same_seed_draws_the_same_people_of_every_kind():
    drawn = draw_people(PEOPLE, 7)
    assert drawn == draw_people(PEOPLE, 7)
    assert drawn != draw_people(PEOPLE, 8)
    times = Counter(kind for kind, _ in drawn)
    assert {kind: times[kind] for kind in KINDS if times[kind] < PEOPLE * kind.in_1000 // 1000} == {}
    assert set(times) == {USUAL, *KINDS}
