"""Two districts merge: the accounts and emails of the disconnected one go to the same people in the other."""

from datetime import UTC, datetime

import pytest

from roster_pipeline.corrections.resolve import resolve_reviews
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.product.database import district_lock, transaction
from roster_pipeline_tests.support.decisions import classes_of, enrol, link_of, live_classes, withdraw
from roster_pipeline_tests.support.merged import BOOK, STATE, merge, open_of  # noqa: F401 - fixtures
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import contents, execute, live_rows, query, row_versions

MEMBER_OF = (
    "select o.clever_district_id from roster.org_memberships as m join roster.organizations as o "
    "on o.id = m.organization_id where m.account_id = :id and m.ended_at is null"
)
NO_LIMITS = """update roster.organizations set limits = '{"district_removals": 1, "window_removals": 1}'"""


@pytest.fixture
def resolve_all(product):
    def resolved(numbers, decision="relink"):
        with transaction(product) as pg:
            return resolve_reviews(pg, numbers, decision, decided_by="the admin", at=datetime.now(UTC))

    return resolved


@pytest.mark.parametrize(("state", "suggestion"), [("disconnected", "relink"), ("active", "create")])
def test_relink_is_suggested_after_a_disconnection(merge, valley, open_of, state, suggestion):
    merge(state)
    assert [(reason, said) for _, reason, said in open_of(valley)] == [("other_organization", suggestion)] * 3


def test_another_name_or_role_is_not_suggested(merge, valley, product, open_of):
    merge(names=(("Tom", "Rowe"), ("Eva", "Lind"), ("\u00c4NN", "Other")))
    assert [said for *_, said in open_of(valley)] == ["relink", "create", "relink"]


def test_relink_moves_account_and_email_and_undo_returns_them(merge, valley, hamlet, product, quick_sync, decide, undo):
    (old, *_), (new, *_) = merge()
    account, empty, before = link_of(product, old)[0], link_of(product, new)[0], live_rows(product)
    decided = decide(new, "relink")
    assert link_of(product, new) == (account, "relink")
    assert query(product, "select email, archived_at from roster.accounts where id = :id", id=account) == [
        ("tom@example.org", None)
    ]
    assert query(product, MEMBER_OF, id=account) == [(valley.id,)]
    assert live_classes(product, account) == classes_of(valley, new)
    assert (query(product, MEMBER_OF, id=empty), live_classes(product, empty)) == ([], set())
    versions = row_versions(product, without=BOOK)
    assert quick_sync(valley).total == 0
    assert row_versions(product, without=BOOK) == versions
    undone = undo(decided.sync_id)
    assert (live_rows(product), undone.skipped) == (before, [])
    undo(undone.sync_id)
    assert link_of(product, new) == (account, "relink")
    assert query(product, MEMBER_OF, id=account) == [(valley.id,)]


def test_relink_from_a_reconnected_district_is_refused(merge, hamlet, product, decide):
    _, (new, *_) = merge()
    execute(product, STATE, state="active", key=hamlet.id)
    before = contents(product)
    with pytest.raises(CorrectionRefused, match="once the other organization is disconnected"):
        decide(new, "relink")
    assert contents(product) == before


def test_relink_of_another_role_is_refused(merge, product, decide):
    (old, *_), (new, *_) = merge()
    account = link_of(product, old)[0]
    execute(product, "update roster.accounts set role = 'teacher' where id = :id", as_sync=True, id=account)
    with pytest.raises(CorrectionRefused, match="is a teacher and the person is a student"):
        decide(new, "relink")


def test_relink_during_a_sync_of_the_other_district_is_refused(merge, hamlet, product, decide):
    _, (new, *_) = merge()
    with district_lock(product, hamlet.id, on_wait=list), pytest.raises(CorrectionRefused, match="is running"):
        decide(new, "relink")


def test_bulk_resolution_is_one_sync_and_skips_harmful_ones(merge, valley, product, open_of, resolve_all, undo):
    old, new = merge()
    barred = link_of(product, old[1])[0]
    execute(product, "update roster.accounts set role = 'teacher' where id = :id", as_sync=True, id=barred)
    syncs = "select count(*) from roster.syncs"
    before, ((count,),), numbers = live_rows(product), query(product, syncs), [number for number, *_ in open_of(valley)]
    decided = resolve_all(numbers)
    assert query(product, syncs) == [(count + 1,)]
    assert [link_of(product, one)[1] for one in new] == ["relink", "created", "relink"]
    assert list(decided.refused) == [numbers[1]] == [number for number, *_ in open_of(valley)]
    undone = undo(decided.sync_id)
    assert (live_rows(product), undone.skipped) == (before, [])


def test_bulk_resolution_of_nothing_is_refused_and_not_recorded(merge, valley, product, open_of, resolve_all):
    merge("active")
    before = contents(product, without=())
    with pytest.raises(CorrectionRefused, match="None of these 3"):
        resolve_all([number for number, *_ in open_of(valley)])
    with pytest.raises(CorrectionRefused, match="no open reviews"):
        resolve_all([])
    assert contents(product, without=()) == before


def test_undo_of_an_older_sync_keeps_a_moved_account(merge, hamlet, product, quick_sync, decide, undo):
    (old, *_), (new, *_) = merge("active")
    account, other = link_of(product, old)[0], hamlet.get("users", users_of(hamlet, "student")[3])
    key = hamlet.resources["sections"].ids()[0]
    execute(product, NO_LIMITS)
    for change in (enrol, withdraw):
        for person in (old, other):
            change(hamlet, key, person)
        left = quick_sync(hamlet).sync_id
    execute(product, STATE, state="disconnected", key=hamlet.id)
    decide(new, "relink")
    mine = live_classes(product, account)
    undone = undo(left)
    assert undone.counts == {"roster_students": {"update": 1}}
    assert [skipped["entity"] for skipped in undone.skipped] == ["roster_students"]
    assert live_classes(product, account) == mine
