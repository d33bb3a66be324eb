"""Undo restores the values from before the sync. Rows that were written since stay and are listed."""

import pytest

from roster_pipeline.errors import CorrectionRefused
from roster_pipeline_tests.support.accounts import LINK, set_user
from roster_pipeline_tests.support.changes import NO_LIMITS
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, live_rows, query


def states(product):
    return [state for (state,) in query(product, "select state from roster.syncs order by id")]


def test_undone_class_stays_hidden(valley, known_sync, product, undo):
    sync_id = known_sync(valley).sync_id
    execute(
        product, "update roster.rosters set hidden_at = '2026-01-01' where id = (select min(id) from roster.rosters)"
    )
    assert undo(sync_id).skipped == []
    hidden = "select archived_at is not null from roster.rosters where hidden_at is not null"
    assert query(product, hidden) == [(True,)]
    assert {name: len(rows) for name, rows in live_rows(product).items() if rows} == {}


def test_row_changed_since_is_kept_and_listed(valley, known_sync, product, undo):
    sync_id = known_sync(valley).sync_id
    ((account, _, _),) = query(product, LINK, key=users_of(valley, "teacher")[0])
    execute(product, "update roster.accounts set role = 'admin' where id = :id", as_sync=True, id=account)
    undone = undo(sync_id)
    assert {"entity": "accounts", "key": {"id": account}} in undone.skipped
    assert query(
        product, "select 1 from roster.org_memberships where account_id = :id and ended_at is null", id=account
    )
    assert query(product, "select role, archived_at from roster.accounts where id = :id", id=account) == [
        ("admin", None)
    ]


def test_email_taken_since_is_not_lost(valley, quick_sync, product, undo):
    student = set_user(valley, users_of(valley, "student")[0], email="tom@example.org", first="Tom", last="Reed")
    quick_sync(valley)
    set_user(valley, student["id"], email="tom.reed@example.org", first="Tom", last="Reed")
    sync_id = quick_sync(valley).sync_id
    other = execute(
        product, "insert into roster.accounts (email, role) values ('tom@example.org', 'student') returning id"
    )
    ((own, _, _),) = query(product, LINK, key=student["id"])
    assert undo(sync_id).skipped == [{"entity": "accounts", "key": {"id": own}}]
    emails = query(
        product, "select email from roster.accounts where id in (:own, :other) order by id", own=own, other=other
    )
    assert emails == [("tom.reed@example.org",), ("tom@example.org",)]


def test_undone_removals_return_to_their_classes(valley, quick_sync, known_sync, product, undo):
    known_sync(valley)
    before = live_rows(product)
    for key in users_of(valley, "student")[:20]:
        valley.remove("users", key)
    sync_id = quick_sync(valley, NO_LIMITS).sync_id
    assert live_rows(product) != before
    undone = undo(sync_id)
    assert live_rows(product) == before
    assert undone.counts["org_memberships"] == {"update": 20}
    assert states(product) == ["published", "undone", "published"]


def test_undone_undo_counts_the_sync_again(valley, known_sync, product, undo):
    sync_id = known_sync(valley).sync_id
    after = live_rows(product)
    again = undo(undo(sync_id).sync_id)
    assert live_rows(product) == after
    assert again.skipped == []
    assert states(product) == ["published", "undone", "published"]


def test_chain_of_undos_reports_what_counts(valley, known_sync, product, undo):
    last = known_sync(valley).sync_id
    for _ in range(3):
        last = undo(last).sync_id
    assert states(product) == ["undone", "published", "undone", "published"]
    assert {name: rows for name, rows in live_rows(product).items() if rows} == {}


def test_undone_undo_restores_the_held_state(valley, quick_sync, known_sync, product, undo):
    known_sync(valley)
    for key in users_of(valley, "student")[:20]:
        valley.remove("users", key)
    undo(undo(quick_sync(valley).sync_id).sync_id)
    assert states(product) == ["published", "held", "undone", "published"]


def test_repeated_or_unknown_undo_is_refused_or_empty(valley, known_sync, product, undo):
    sync_id = known_sync(valley).sync_id
    undo(sync_id)
    assert undo(sync_id) is None
    with pytest.raises(CorrectionRefused, match="no sync"):
        undo(sync_id + 999)
    execute(product, "update roster.syncs set state = 'failed' where id = :id", as_sync=True, id=sync_id)
    with pytest.raises(CorrectionRefused, match="failed"):
        undo(sync_id)
