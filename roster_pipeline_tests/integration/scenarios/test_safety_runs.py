"""Scenarios S-20 to S-23, S-25 and S-26: runs that are undone, overlap, or fail beside others."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import dagster as dg
import pytest

from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.defs.launch import add_partition, run_sync
from roster_pipeline.errors import CorrectionRefused, SourceRefused
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.readers import (
    contents,
    difference,
    execute,
    live_rows,
    published,
    query,
    row_versions,
)
from roster_pipeline_tests.support.rule_book import Expected, expect
from roster_pipeline_tests.support.town import Town


@pytest.fixture
def undo(product):
    def undone(sync_id):
        with transaction(product) as pg:
            return undo_sync(pg, sync_id, datetime.now(UTC))

    return undone


@pytest.mark.scenario("S-20")
def test_undo_restores_names_states_and_rows_once(town, resync, product, undo):
    """The one row that a sync deletes is that of an awaited member who has arrived, or is named no more."""
    awaited, leaver = "f" * 24, town.student(1, "Ann", "Lake")
    section = town.section(1, teachers=[town.teacher(1)], students=[leaver, awaited])
    resync()
    before = live_rows(product)
    assert before["pending_members"]
    town.edit("sections", section, name="Renamed", students=[])
    town.student(2)
    town.teacher(1, "Ann", "Moor")
    town.leave(leaver)
    sync_id = resync().sync_id
    assert not live_rows(product)["pending_members"]
    assert undo(sync_id).skipped == []
    assert live_rows(product) == before
    rows = row_versions(product, without=set())
    assert undo(sync_id) is None
    with pytest.raises(CorrectionRefused, match="no sync"):
        undo(sync_id + 1000)
    assert row_versions(product, without=set()) == rows


@pytest.mark.scenario("S-21")
def test_second_sync_of_one_district_waits_and_changes_nothing(town, clever, job, product):
    """As from two machines: only the district's lock knows of both. The one that waits says so in its run."""
    logs = []

    def run(_):
        with dg.DagsterInstance.ephemeral() as own:
            add_partition(own, town.id)
            ended = run_sync(own, job, town.id, name=town.name, on_step=lambda *_: None)
            logs.append([entry.user_message for entry in own.all_logs(ended.run_id)])
            return ended

    clever.go_wrong(("/v3.1/sections", 1, "delay:1"))
    with ThreadPoolExecutor(2) as both:
        assert [ended.failure for ended in both.map(run, range(2))] == [None, None]
    assert sorted(any("waits for it to end" in line for line in said) for said in logs) == [False, True]
    read = "select started_at, finished_at, counts -> 'changes' from roster.syncs order by id"
    (_, first_ended, _), (second_started, _, changes) = query(product, read)
    assert second_started >= first_ended
    assert changes == {}
    assert difference(expect(town), published(product, town.id)) == {}


@pytest.mark.scenario("S-22")
def test_one_failing_district_of_eight_stops_no_other(connect, clever, quick_sync, product):
    towns = [connect(Town(number)) for number in range(1, 9)]
    failing = towns.pop(3)
    clever.go_wrong((f"/v3.1/districts/{failing.id}", 0, "401"))
    with ThreadPoolExecutor(len(towns) + 1) as at_once:
        refusal = at_once.submit(quick_sync, failing)
        list(at_once.map(quick_sync, towns))
    assert isinstance(refusal.exception(), SourceRefused)
    assert published(product, failing.id) == Expected()
    for town in towns:
        assert difference(expect(town), published(product, town.id)) == {}


@pytest.mark.scenario("S-23")
def test_connecting_admin_missing_from_the_feed_stays_admin(town, resync, product, sign_up):
    """Of two admins one is in the feed, as staff, and then no more; the other never was. Neither is touched."""
    listed = town.staff(1, email="head@town1.example.org")
    admins = [
        sign_up(email, "Ann", "Lake", "admin", member_of=town, admin=True)
        for email in ("head@town1.example.org", "owner@example.org")
    ]
    read = (
        "select m.xmin::text, to_jsonb(m)::text, a.xmin::text, to_jsonb(a)::text from roster.org_memberships as m "
        "join roster.accounts as a on a.id = m.account_id where a.id = any(:admins) order by a.id"
    )
    before = query(product, read, admins=admins)
    resync()
    town.leave(listed, town.student(119))
    resync()
    assert query(product, read, admins=admins) == before
    assert query(product, "select count(*) from roster.org_memberships where ended_at is not null") == [(1,)]


@pytest.mark.scenario("S-25")
def test_rows_that_never_came_from_clever_stay(town, resync, product, sign_up):
    own = {role: sign_up(f"{role}@example.org", "Ann", "Lake", role, member_of=town) for role in ("teacher", "student")}
    native = (
        "insert into roster.rosters (organization_id, school_id, name, source) "
        "select organization_id, id, 'Chess', 'native' from roster.schools where clever_id = :school returning id"
    )
    resync()
    roster = execute(product, native, school=town.school(0))
    for role, account in own.items():
        execute(
            product,
            "insert into roster.school_memberships (school_id, account_id, role) "
            "select id, :account, :role from roster.schools where clever_id = :school",
            account=account,
            role=role,
            school=town.school(0),
        )
        execute(
            product,
            f"insert into roster.roster_{role}s (roster_id, account_id) values (:roster, :account)",
            roster=roster,
            account=account,
        )
    before = rows_of(product, own.values(), roster)
    town.leave(*[key for key in town.resources["users"].ids() if key not in (town.teacher(100), town.student(100))])
    for key in town.resources["sections"].ids()[1:]:
        town.remove("sections", key)
    town.remove("schools", town.school(0))
    assert resync().counts["org_memberships"] == {"end": 38}
    assert rows_of(product, own.values(), roster) == before


def rows_of(product, accounts, roster):
    """Every row of these accounts and of this roster, with the transactions that wrote them."""
    parts = {"accounts": "id", "org_memberships": "account_id", "school_memberships": "account_id"}
    parts |= {"roster_teachers": "account_id", "roster_students": "account_id"}
    read = "select t.xmin::text, to_jsonb(t)::text from roster.{} as t where {} = any(:keys) order by 2"
    found = {name: query(product, read.format(name, column), keys=list(accounts)) for name, column in parts.items()}
    return found | {"rosters": query(product, read.format("rosters", "id"), keys=[roster])}


@pytest.mark.scenario("S-26")
def test_removals_in_one_district_leave_its_twin_unchanged(town, other_town, resync, quick_sync, product):
    """Schools, classes, sis ids and names are the same in both; the Clever ids alone tell them apart."""
    quick_sync(other_town)
    before = contents(product)
    resync()
    town.leave(*town.resources["users"].ids()[1:-1])
    for key in town.resources["sections"].ids()[1:]:
        town.remove("sections", key)
    resync()
    after = contents(product)
    assert {name: set(rows) - set(after[name]) for name, rows in before.items() if set(rows) - set(after[name])} == {}
    assert quick_sync(other_town).total == 0


@pytest.mark.scenario("S-26")
def test_records_with_ids_of_another_district_are_left_out(town, other_town, known_sync, quick_sync, product):
    """Clever says that its ids are unique. A record whose id is another district's is rejected alone."""
    known_sync(town)
    quick_sync(other_town)
    here, there = published(product, town.id), published(product, other_town.id)
    for name, stolen in (("schools", "Stolen"), ("users", {"first": "Stolen"}), ("sections", "Stolen")):
        for key in town.resources[name].ids()[:2]:
            other_town.put(name, town.get(name, key) | {"district": other_town.id, "name": stolen})
    newcomer = other_town.student(99)
    quick_sync(other_town)
    after = published(product, other_town.id)
    assert after.members.pop(newcomer) == after.people.pop(newcomer)[0] == "student"
    after.school_members = {key: row for key, row in after.school_members.items() if key[1] != newcomer}
    assert difference(there, after) == {}
    assert difference(here, published(product, town.id)) == {}
