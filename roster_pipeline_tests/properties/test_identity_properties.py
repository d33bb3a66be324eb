"""Random accounts and histories in PostgreSQL: identities follow docs/rules.md R2.1 to R2.27.

`test_identity_in_memory` compares single decisions about many more people with the oracle.
Between syncs the product lives on: people sign up, join, close accounts, become admins (`crowd`).
"""

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.extract import pagination
from roster_pipeline.model.decisions import DECISIONS
from roster_pipeline_tests.support.changes import NO_LIMITS, clever_id, examples, shuffle
from roster_pipeline_tests.support.crowd import days, days_here, edit, live, nth, signed_up
from roster_pipeline_tests.support.readers import difference, execute, known, live_rows, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect, feed_of
from roster_pipeline_tests.support.rule_book_identity import who_is_who
from roster_pipeline_tests.support.towns import (
    OF_DISTRICT,
    REVIEWS,
    decide,
    towns,  # noqa: F401 - fixtures
    undo,
)

NO_LIMITS = replace(NO_LIMITS, district_updates=1.0)
LINKS = f"select t.clever_id, t.account_id from roster.identity_links as t {OF_DISTRICT} t.unlinked_at is null"


def links_of(product, district):
    return dict(query(product, LINKS, district=district.id))


def sync_and_compare(product, quick_sync, district):
    """One sync, and whatever must hold after it: who is who, and nothing written of anybody else."""
    before, had, rows = published(product, district.id), known(product, district.id), row_versions(product)
    links = links_of(product, district)
    plan = quick_sync(district, NO_LIMITS)
    found = published(product, district.id)
    assert difference(expect(district, before, had, found.reviews), found) == {}
    wanted = {key: person.account for key, person in who_is_who(feed_of(district), had).items()}
    now = links_of(product, district)
    assert {key: account if account in had.accounts else None for key, account in now.items()} == links | wanted
    assert len(set(now.values())) == len(now)
    assert_only_its_own_is_written(product, district, rows, {now[key] for key in wanted})
    return plan


def assert_only_its_own_is_written(product, district, before, accounts):
    """Since `before`: these accounts, and rows of this organization; native ones only to live again (rules 7, 8)."""
    ((here,),) = query(product, "select id from roster.organizations where clever_district_id = :id", id=district.id)
    schools, rosters = (
        {key for (key,) in query(product, f"select id from roster.{name} where organization_id = :here", here=here)}
        for name in ("schools", "rosters")
    )
    after = row_versions(product)
    for name, rows in before.items():
        was, now = (
            [json.loads(text) for _, text in side] for side in ({*rows} - {*after[name]}, {*after[name]} - {*rows})
        )
        assert not [row for row in was if row.get("source") == "native" and row.get("ended_at") is None], name
        for row in (*was, *now):
            assert name != "accounts" or row["id"] in accounts
            assert row.get("organization_id", here) == here, name
            assert row.get("school_id") in schools | {None}, name
            assert row.get("roster_id") in rosters | {None}, name


def assert_writes_nothing(product, quick_sync, district):
    rows = row_versions(product)
    assert quick_sync(district, NO_LIMITS).total == 0
    assert row_versions(product) == rows


@settings(examples, max_examples=3)
@given(signed_up, st.lists(days, min_size=2, max_size=4))
def test_accounts_and_reviews_equal_the_oracle(quick_sync, product, towns, first, history):
    districts = towns(first)
    for day in history:
        district = live(product, districts, day)
        before = live_rows(product)
        plan = sync_and_compare(product, quick_sync, district)
    assert_writes_nothing(product, quick_sync, district)
    assert undo(product, plan.sync_id).skipped == []
    assert live_rows(product) == before


@settings(examples, max_examples=2)
@given(signed_up, st.lists(days_here, min_size=2, max_size=2))
def test_order_of_records_and_pages_does_not_change_identities(quick_sync, product, towns, monkeypatch, first, history):
    ends = []
    for limit, is_shuffled in ((2, False), (10_000, True)):
        districts = towns(first)
        district = districts[0]
        if is_shuffled:
            shuffle(district)
        others = known(product, district.id).accounts
        for day in history:
            live(product, districts, day)
            with monkeypatch.context() as patched:
                patched.setattr(pagination, "LIMIT", limit)
                quick_sync(district, NO_LIMITS)
        met = {key: account for key, account in links_of(product, district).items() if account in others}
        ends.append((published(product, district.id), met))
    assert difference(ends[0][0], ends[1][0]) == {}
    assert ends[0][1] == ends[1][1]


def decided(product, district, review, decision):
    """Decides, takes it back and decides again; None where that is refused and so changes nothing."""
    number, key, _, about = review
    before, rows, own = live_rows(product), row_versions(product, without=()), links_of(product, district).get(key)
    try:
        first = decide(product, number, decision)
    except CorrectionRefused:
        assert row_versions(product, without=()) == rows
        return None
    without_book = {name: rows[name] for name in row_versions(product)}
    assert_only_its_own_is_written(product, district, without_book, {own, about, first.account_id})
    assert undo(product, first.sync_id).skipped == []
    assert live_rows(product) == before
    return decide(product, number, decision)


@settings(examples, max_examples=4)
@given(signed_up, st.lists(days_here, min_size=3, max_size=3), st.lists(st.tuples(nth, nth), min_size=1, max_size=3))
def test_decisions_can_be_undone_and_later_syncs_keep_them(quick_sync, product, towns, first, history, picks):
    districts = towns(first)
    for day in history[:-1]:
        district = live(product, districts, day)
        quick_sync(district, NO_LIMITS)
    for pick, choice in picks:
        if not (asked := query(product, REVIEWS, district=district.id)):
            break
        review = asked[pick % len(asked)]
        allowed = DECISIONS[review[2]]
        if done := decided(product, district, review, allowed[choice % len(allowed)]):
            sync_and_compare(product, quick_sync, district)
            assert_writes_nothing(product, quick_sync, district)
            assert links_of(product, district)[done.clever_id] == done.account_id
            assert review[1:] not in [one[1:] for one in query(product, REVIEWS, district=district.id)]
    live(product, districts, history[-1])
    sync_and_compare(product, quick_sync, district)


def met(product, quick_sync, district, *people):
    """After a sync of a district in which these people are; the model's word and the product's."""
    for person in people:
        edit(district, 1, person)
    before, had = published(product, district.id), known(product, district.id)
    quick_sync(district, NO_LIMITS)
    found = published(product, district.id)
    return difference(expect(district, before, had, found.reviews), found)


def test_student_without_first_names_is_linked(quick_sync, product, towns):
    """Names are different only where both are known on both sides (R2.17, R6.7)."""
    district, *_ = towns([("sign_up", "a@example.org", "", "Stone", "student", None, False)])
    assert met(product, quick_sync, district, ("person", 1, "student", "", "Brook", "a@example.org")) == {}
    assert query(product, REVIEWS, district=district.id) == []
    assert links_of(product, district)[clever_id(2, 1, 1)] == 1


def test_returning_person_is_a_member_again(quick_sync, product, towns):
    district, *_ = towns([("sign_up", "a@example.org", "Ada", "Brook", "teacher", (0, "left"), False)])
    assert met(product, quick_sync, district, ("person", 1, "teacher", "Ada", "Brook", "a@example.org")) == {}
    assert links_of(product, district)[clever_id(2, 1, 1)] == 1


def test_standing_review_is_not_opened_twice(quick_sync, product, towns):
    district, *_ = towns([("sign_up", "a@example.org", "Ada", "Brook", "teacher", None, False)])
    assert met(product, quick_sync, district, ("person", 1, "student", "Ada", "Brook", "a@example.org")) == {}
    asked = query(product, REVIEWS, district=district.id)
    close = "update roster.accounts set archived_at = now() where id = :account"
    execute(product, close, as_sync=True, account=links_of(product, district)[clever_id(2, 1, 1)])
    assert met(product, quick_sync, district) == {}
    assert query(product, REVIEWS, district=district.id) == asked


def test_removed_admin_does_not_become_admin_again(quick_sync, product, towns):
    district, *_ = towns([("sign_up", "a@example.org", "Ada", "Brook", "teacher", (0, "admin"), False)])
    execute(product, "update roster.org_memberships set ended_at = now()")
    edit(district, 1, ("person", 1, "teacher", "Ada", "Brook", "a@example.org"))
    quick_sync(district, NO_LIMITS)
    assert query(product, "select account_id from roster.org_memberships where is_admin and ended_at is null") == []


def test_account_that_takes_a_claimed_email_opens_a_review(quick_sync, product, towns):
    district, *_ = towns([("sign_up", "a@example.org", "Ada", "Brook", "teacher", None, False)])
    assert met(product, quick_sync, district, ("person", 1, "student", "Ada", "Brook", "a@example.org")) == {}
    execute(product, "update roster.accounts set email = 'b@example.org' where id = 1")
    assert met(product, quick_sync, district, ("person", 1, "student", "Ada", "Brook", "b@example.org")) == {}
    assert [(key, about) for _, key, _, about in query(product, REVIEWS, district=district.id)] == [
        (clever_id(2, 1, 1), 1)
    ]
