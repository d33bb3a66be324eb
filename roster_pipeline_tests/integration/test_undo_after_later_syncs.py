"""An undo beside what later syncs and people wrote: one primary each, whole people, and the former state."""

import json
from datetime import UTC, datetime

import pytest

from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.holds import decide_plan
from roster_pipeline_tests.support.accounts import set_user
from roster_pipeline_tests.support.decisions import NAMES, link_of, open_reviews
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.town import Town, clever_id

PRIMARY_SCHOOLS = """
    select s.clever_id from roster.school_memberships as m join roster.schools as s on s.id = m.school_id
    where m.account_id = :id and m.ended_at is null and m.is_primary
"""
PRIMARY_TEACHERS = """
    select l.clever_id from roster.roster_teachers as t join roster.rosters as r on r.id = t.roster_id
    join roster.identity_links as l on l.account_id = t.account_id and l.unlinked_at is null
    where r.clever_id = :key and t.ended_at is null and t.is_primary
"""
SYNC = """
    insert into roster.syncs (organization_id, mode, trigger, state)
    select min(id), 'full', 'cli', 'published' from roster.organizations returning id
"""
JOURNAL = """
    insert into roster.changes (sync_id, entity, key, op, before, after)
    select :sync, 'accounts', jsonb_build_object('id', id), 'update', to_jsonb(a) || cast(:before as jsonb), to_jsonb(a)
    from roster.accounts as a where id = :account
"""
STATES = "select state from roster.syncs order by id"


def test_undo_leaves_one_primary_school_and_teacher(connect, quick_sync, product, undo):
    town = connect(Town())
    teachers = [town.teacher(number) for number in (1, 2, 3)]
    student, section = town.student(1), town.section(1, teachers=teachers[:1])
    town.school(2)
    quick_sync(town)

    def move(school, teacher):
        home = clever_id(1, "school", school)
        role = town.role(1) | {"school": home, "schools": [home]}
        town.edit("users", student, roles={"student": role})
        town.section(1, teachers=[teacher])
        return quick_sync(town).sync_id

    first = move(1, teachers[1])
    move(2, teachers[2])
    move(1, teachers[1])
    undone = undo(first)

    assert [row["entity"] for row in undone.skipped] == ["school_memberships", "roster_teachers"]
    assert query(product, PRIMARY_SCHOOLS, id=link_of(product, town.person(student))[0]) == [
        (clever_id(1, "school", 1),)
    ]
    assert query(product, PRIMARY_TEACHERS, key=section) == [(teachers[1],)]


def test_review_of_a_person_changed_since_stays(valley, quick_sync, known_sync, product, student, account, undo):
    known_sync(valley)
    other = account("ann@example.org", "Ann", "Other")
    set_user(valley, student["id"], email="ann@example.org", first="Tom", last="Reed")
    sync_id = quick_sync(valley).sync_id
    own = link_of(product, student)[0]
    execute(product, "update roster.accounts set role = 'admin' where id = :id", as_sync=True, id=own)
    undone = undo(sync_id)

    assert {row["entity"] for row in undone.skipped} == {"accounts", "reviews"}
    assert open_reviews(product, student) == [("email_shared", other)]


@pytest.mark.parametrize("is_rejected", [True, False])
def test_undone_undo_restores_the_state_of_the_sync(valley, quick_sync, known_sync, product, undo, is_rejected):
    known_sync(valley)
    for key in users_of(valley, "student")[:20]:
        leave(valley, key)
    held = quick_sync(valley)
    if is_rejected:
        with transaction(product) as pg:
            decide_plan(pg, held.held_digest, "rejected", decided_by="the admin", at=datetime.now(UTC))
    section = valley.resources["sections"].ids()[0]
    valley.put("sections", valley.get("sections", section) | {"name": "Renamed"})
    sync_id = quick_sync(valley).sync_id
    before = query(product, STATES)
    undo(undo(sync_id).sync_id)

    assert before[-1] == ("published" if is_rejected else "held",)
    assert query(product, STATES) == [*before, ("undone",), ("published",)]


def test_closed_account_gives_its_email_to_one_that_stays(valley, known_sync, product, account, undo):
    """The undo would move an email from an open account back to a closed one, but the open account must keep it."""
    known_sync(valley)
    closed, opened = account(None, "Ann", "Other"), account("old@example.org", "Bea", "Else")
    execute(product, "update roster.accounts set archived_at = now() where id = :id", as_sync=True, id=closed)
    sync_id = execute(product, SYNC, as_sync=True)
    for own, before in ((closed, {"email": "old@example.org", "archived_at": None}), (opened, {"email": "new@x.org"})):
        execute(product, JOURNAL, as_sync=True, sync=sync_id, account=own, before=json.dumps(before))
    account("new@x.org", "Cy", "Third")
    undone = undo(sync_id)

    assert {row.get("column") for row in undone.skipped} == {None, "email"}
    assert query(product, NAMES, id=opened)[0][2] == "old@example.org"
    assert query(product, NAMES, id=closed) == [("Ann", "Other", None, "student", False)]
