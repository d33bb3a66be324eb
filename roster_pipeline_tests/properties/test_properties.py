"""The rules that always hold, over random histories of a tiny district that is synced into PostgreSQL.

The histories go stage by stage, several times as fast as through Dagster. `test_syncs_in_memory` compares many more of
them with the oracle. A few show here that Dagster, the stages and the syncs in memory end alike. Limits are off, so
that everything that leaves the feed leaves the product. The limits are tested in `test_sync_again`.
"""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.extract import pagination
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.changes import (
    NO_LIMITS,
    apply,
    begin,  # noqa: F401 - fixtures
    changes,
    examples,
    shuffle,
    tiny,
)
from roster_pipeline_tests.support.readers import (
    contents,
    difference,
    execute,
    last_sync,
    live_rows,
    published,
    query,
    row_versions,
)
from roster_pipeline_tests.support.rule_book import expect

VERSION = "select cast(:other as text), t.xmin::text, to_jsonb(t)::text from"
histories = st.lists(st.lists(changes, min_size=1, max_size=10), min_size=1, max_size=3)


def test_the_stages_by_themselves_and_the_dagster_job_end_alike(valley, sync, quick_sync, product, begin):
    ends = []
    for how in (sync, quick_sync):
        begin(valley)
        how(valley)
        rows = {name: len(found) for name, found in contents(product).items()}
        ends.append((rows, published(product, valley.id), last_sync(product)))
    assert ends[0] == ends[1]


@settings(examples, max_examples=3)
@given(histories)
def test_syncs_equal_the_oracle_and_the_second_writes_nothing(quick_sync, product, begin, new_memory, history):
    district, expected, memory = tiny(), None, new_memory()
    begin(district)
    for day in history:
        for change in day:
            apply(district, change)
        quick_sync(district, NO_LIMITS)
        memory.sync([district])
        expected = expect(district, expected)
        rows = published(product, district.id)
        assert difference(expected, rows) == {}
        assert difference(memory.published(), rows) == {}
    before = row_versions(product)
    assert quick_sync(district, NO_LIMITS).total == 0
    assert row_versions(product) == before


@settings(examples, max_examples=2)
@given(st.lists(changes, min_size=5, max_size=20))
def test_order_of_records_and_pages_does_not_change_the_result(quick_sync, product, begin, monkeypatch, feed):
    ends = []
    for limit in (2, 10_000):
        district = tiny()
        for change in feed:
            apply(district, change)
        if limit > len(feed):
            shuffle(district)
        begin(district)
        with monkeypatch.context() as patched:
            patched.setattr(pagination, "LIMIT", limit)
            quick_sync(district, NO_LIMITS)
        ends.append(published(product, district.id))
    assert difference(*ends) == {}


@examples
@given(st.lists(changes, min_size=3, max_size=12), st.lists(changes, min_size=3, max_size=12))
def test_undone_sync_restores_every_row_and_can_be_repeated(quick_sync, product, begin, first, second):
    district = tiny()
    begin(district)
    for change in first:
        apply(district, change)
    quick_sync(district, NO_LIMITS)
    rows, before = contents(product), live_rows(product)
    for change in second:
        apply(district, change)
    sync_id = quick_sync(district, NO_LIMITS).sync_id
    done = live_rows(product)
    undone = _undo(product, sync_id)
    assert undone.skipped == []
    assert live_rows(product) == before
    after = contents(product)
    assert [name for name, was in rows.items() if set(was) - set(after[name])] == []
    assert _undo(product, sync_id) is None
    again = _undo(product, undone.sync_id)
    assert live_rows(product) == done
    _undo(product, again.sync_id)
    assert live_rows(product) == before
    quick_sync(district, NO_LIMITS)
    assert _without_ids(live_rows(product)) == _without_ids(done)


def _undo(product, sync_id):
    with transaction(product) as pg:
        return undo_sync(pg, sync_id, datetime.now(UTC))


def _without_ids(rows):
    """A review that comes again is another row."""
    return rows | {"reviews": sorted((row[1:] for row in rows["reviews"]), key=repr)}


@examples
@given(st.lists(changes, min_size=3, max_size=10), st.lists(changes, min_size=3, max_size=10))
def test_a_sync_neither_touches_native_rows_nor_another_district(quick_sync, product, begin, first, second):
    here, there = tiny(1), tiny(2)
    begin(here, there)
    for district, number_, edits in ((here, 1, first), (there, 2, second)):
        for change in edits:
            apply(district, change, number_)
        quick_sync(district, NO_LIMITS)
    _native_rows(product)
    before = _protected(product, there.id)
    for change in second:
        apply(here, change)
    quick_sync(here, NO_LIMITS)
    assert _protected(product, there.id) == before


def _native_rows(product):
    """An admin, and in each organization a native roster with everyone in it; some verified, one class hidden."""
    admin = execute(product, "insert into roster.accounts (first_name, role) values ('Admin', 'admin') returning id")
    for statement in (
        "insert into roster.org_memberships (organization_id, account_id, role, is_admin, verified_at) "
        "select id, :admin, 'admin', true, now() from roster.organizations",
        "insert into roster.rosters (organization_id, name, source) select id, 'My own', 'native' "
        "from roster.organizations",
        "insert into roster.roster_students (roster_id, account_id) select r.id, m.account_id from roster.rosters as r "
        "join roster.org_memberships as m on m.organization_id = r.organization_id where r.source = 'native'",
        "update roster.org_memberships set verified_at = '2026-01-01' where role = 'teacher'",
        "update roster.rosters set hidden_at = '2026-01-01' where id = (select min(id) from roster.rosters)",
    ):
        execute(product, statement, admin=admin)


def _protected(product, other):
    """What no sync of the first district may write: native rows as they stand, and every row of the other one."""
    of_other = "(select id from roster.organizations where clever_district_id = :other)"
    linked = f"(select account_id from roster.identity_links where organization_id = {of_other})"
    roster = f"(select id from roster.rosters where organization_id = {of_other} or source = 'native')"
    school = f"(select id from roster.schools where organization_id = {of_other})"
    whole = {
        "organizations": f"id in {of_other}",
        "accounts": f"id in {linked} or role = 'admin'",
        "identity_links": f"organization_id in {of_other}",
        "org_memberships": f"organization_id in {of_other} or is_admin",
        "schools": f"organization_id in {of_other}",
        "school_memberships": f"school_id in {school}",
        "rosters": f"organization_id in {of_other} or source = 'native'",
        "roster_students": f"roster_id in {roster}",
        "roster_teachers": f"roster_id in {roster}",
        "pending_members": f"roster_id in {roster}",
        "reviews": f"organization_id in {of_other}",
        "syncs": f"organization_id in {of_other}",
        "holds": f"organization_id in {of_other}",
    }
    rows = {
        name: sorted(query(product, f"{VERSION} roster.{name} as t where {where}", other=other))
        for name, where in whole.items()
    }
    kept = "select account_id, verified_at from roster.org_memberships where verified_at is not null order by 1, 2"
    hidden = "select id, hidden_at from roster.rosters where hidden_at is not null"
    return rows, query(product, kept), query(product, hidden)
