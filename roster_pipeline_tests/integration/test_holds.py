"""Thresholds and holds: what is held and why, approving, rejecting, and limits for one plan."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from roster_pipeline.cli.holds import reject
from roster_pipeline.cli.limits import limits
from roster_pipeline.cli.sync import warn_if_sync_is_running
from roster_pipeline.errors import CorrectionRefused, PlanStale
from roster_pipeline.product.database import district_lock, transaction
from roster_pipeline.product.organizations import set_limits
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.holds import crowd, decide, members  # noqa: F401 - fixtures
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import execute, last_sync, live_rows, published, query
from roster_pipeline_tests.support.scripts import (
    complaint,
    script,  # noqa: F401 - fixtures
    wait_until,
)

SYNC = (
    "insert into roster.syncs (organization_id, mode, trigger, state, started_at) "
    "select id, 'full', 'cli', 'held', now() from roster.organizations returning organization_id"
)
HOLD = (
    "insert into roster.holds (sync_id, organization_id, plan_digest, reason, counts) "
    "values (:sync, :organization, 'abcdef', 'district_removals', '{}')"
)
WAITING = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
DECIDED = "select limits_once, holds.state from roster.organizations cross join roster.holds"
HOLDS = "select state, reason, counts ->> 'part' from roster.holds order by id"


def test_approved_plan_removes_exactly_what_waited(valley, crowd, quick_sync, product, decide):
    plan, leaving = crowd
    assert set(leaving) <= members(product, valley)
    decide("approved", plan.held_digest[:12])
    again = quick_sync(valley)
    assert (again.approved, again.held) == (plan.held_digest, ())
    assert again.counts["org_memberships"] == {"end": len(leaving)}
    assert not set(leaving) & members(product, valley)
    decided = query(
        product, "select distinct state, decided_by, applied_sync_id from roster.holds where state <> 'open'"
    )
    assert decided == [("approved", "the admin", again.sync_id)]
    assert last_sync(product)[0] == "published"
    assert quick_sync(valley).total == 0


@pytest.mark.parametrize("moved_in", ["clever", "product"])
def test_approved_plan_is_stale_after_any_change(valley, crowd, quick_sync, product, decide, moved_in):
    plan, leaving = crowd
    decide("approved")
    if moved_in == "clever":
        leave(valley, users_of(valley, "student")[0])
    else:
        ended = (
            "update roster.school_memberships set ended_at = now() where account_id = (select account_id from "
            "roster.identity_links where clever_id = :key) and ended_at is null"
        )
        execute(product, ended, as_sync=True, key=leaving[0])
    again = quick_sync(valley)
    assert again.held
    assert again.held_digest != plan.held_digest
    assert set(leaving) <= members(product, valley)
    states = {
        state
        for (state,) in query(product, "select state from roster.holds where plan_digest = :d", d=plan.held_digest)
    }
    assert states == {"stale"}


def test_rejected_plan_is_not_asked_again_and_all_stay(valley, crowd, quick_sync, product, decide):
    _, leaving = crowd
    decide("rejected")
    assert quick_sync(valley).held
    assert last_sync(product)[0] == "published"
    assert {state for state, *_ in query(product, HOLDS)} == {"rejected"}
    leave(valley, users_of(valley, "student")[0])
    quick_sync(valley)
    assert last_sync(product)[0] == "held"
    assert set(leaving) <= members(product, valley)


def test_later_decision_replaces_an_unapplied_one(valley, crowd, quick_sync, product, decide):
    plan, leaving = crowd
    decide("approved")
    decide("rejected")
    assert quick_sync(valley).held
    assert set(leaving) <= members(product, valley)
    decide("approved")
    assert quick_sync(valley).approved == plan.held_digest
    assert not set(leaving) & members(product, valley)
    with pytest.raises(PlanStale, match="approved"):
        decide("rejected")


def test_superseded_plan_cannot_be_approved(valley, crowd, quick_sync, product, decide):
    plan, _ = crowd
    leave(valley, users_of(valley, "student")[0])
    quick_sync(valley)
    assert {state for state, *_ in query(product, HOLDS)} == {"superseded", "open"}
    with pytest.raises(PlanStale, match="was replaced by the plan of a later sync"):
        decide("approved", plan.held_digest)
    with pytest.raises(CorrectionRefused, match="no plan"):
        decide("approved", "f" * 12)


def test_only_the_class_that_loses_most_waits(valley, quick_sync, known_sync, product):
    known_sync(valley)
    section = max(valley.resources["sections"].values(), key=lambda one: len(one["students"]))
    before = set(section["students"])
    assert len(before) >= 5
    valley.put("sections", section | {"students": []})
    other = next(one for one in valley.resources["sections"].values() if one["id"] != section["id"] and one["students"])
    gone = other["students"][0]
    valley.put("sections", other | {"students": other["students"][1:]})
    plan = quick_sync(valley)
    assert [(one.part, one.reason, one.units) for one in plan.held] == [
        ("enrollments", "class_removals", (section["id"],))
    ]
    after = published(product, valley.id).students
    assert {person for place, person in after if place == section["id"]} == before
    assert (other["id"], gone) not in after


def test_only_the_school_that_loses_many_waits(valley, quick_sync, known_sync, product):
    known_sync(valley)
    in_school = {}
    for key in users_of(valley, "student"):
        in_school.setdefault(valley.get("users", key)["roles"]["student"]["school"], []).append(key)
    school = max(in_school, key=lambda one: len(in_school[one]))
    rest = [key for other, people in in_school.items() if other != school for key in people]
    leaving = in_school[school][: len(in_school[school]) // 2 + 1]
    assert len(leaving) >= 10
    for key in [*leaving, rest[0]]:
        leave(valley, key)
    plan = quick_sync(valley)
    assert ("students_in_schools", "school_removals", (school,)) in {(h.part, h.reason, h.units) for h in plan.held}
    assert set(leaving) <= members(product, valley)
    assert rest[0] not in members(product, valley)


def test_a_fifth_within_a_week_waits_and_old_days_do_not_count(valley, quick_sync, known_sync, product):
    known_sync(valley)
    reasons = []
    for _ in range(4):
        for key in users_of(valley, "student")[:5]:
            leave(valley, key)
        reasons.append({held.reason for held in quick_sync(valley).held if held.part == "students"})
    assert reasons == [set(), set(), {"window_removals"}, {"district_removals"}] or "window_removals" in reasons[2]
    execute(product, "update roster.syncs set finished_at = finished_at - interval '8 days'", as_sync=True)
    execute(product, "update roster.organizations set limits_once = '{\"district_removals\": 0.5}'")
    assert not [held for held in quick_sync(valley).held if held.reason == "window_removals"]


def test_decision_during_a_sync_applies_to_the_next_plan(valley, environment, product, capsys):
    decided = [
        lambda: limits(valley.id, ["district_removals=0.5"], once=True),
        lambda: reject("abcdef", by="the admin"),
    ]
    organization, sync_id = execute(product, SYNC, as_sync=True), execute(product, "select max(id) from roster.syncs")
    execute(product, HOLD, as_sync=True, organization=organization, sync=sync_id)
    with ThreadPoolExecutor(2) as threads:
        with district_lock(product, valley.id, on_wait=lambda: None):
            waiting = [threads.submit(decide) for decide in decided]
            wait_until(lambda: query(product, WAITING) == [(2,)])
            assert query(product, DECIDED) == [({}, "open")]
            warn_if_sync_is_running(read_settings(), valley.id)
        for each in waiting:
            each.result()
    assert query(product, DECIDED) == [({"district_removals": 0.5}, "rejected")]
    warn_if_sync_is_running(read_settings(), valley.id)
    said = capsys.readouterr().err
    assert (said.count("Waiting for it to end"), said.count("This one waits")) == (2, 1)


def test_limit_raised_once_serves_one_plan(valley, crowd, quick_sync, product):
    _, leaving = crowd
    with transaction(product) as pg:
        set_limits(
            pg,
            valley.id,
            {"district_removals": 1.0, "school_removals": 1.0, "class_removals": 1.0, "window_removals": 1.0},
            once=True,
        )
    assert not quick_sync(valley).held
    assert not set(leaving) & members(product, valley)
    for key in users_of(valley, "student")[:12]:
        leave(valley, key)
    assert quick_sync(valley).held


def test_holds_commands_report_and_exit_as_documented(
    valley,
    crowd,
    product,
    script,
):
    plan, leaving = crowd
    (first,) = json.loads(script("holds", "--people", "--json").stdout)
    assert first["plan"] == plan.held_digest[:12]
    assert first["leaves"]["people_who_leave_the_district"] == {"students": len(leaving)}
    assert {one["clever_id"] for one in first["people"] if one["leaves_the_district"]} == set(leaving)
    shown = script("holds").stdout
    assert [word for word in (first["plan"], "12 students", "10% of the district") if word not in shown] == []
    approved = script("approve", first["plan"])
    assert approved.returncode == 0, approved.stderr
    named, done = approved.stdout.index(first["sentence"]), approved.stdout.index("published, sync")
    assert named < done
    assert not set(leaving) & members(product, valley)
    again = script("approve", first["plan"])
    assert (again.returncode, "was already approved" in complaint(again)) == (5, True)
    assert script("holds").stdout.strip() == "No changes are waiting for approval."
    assert script("reject", "f" * 12).returncode == 2


def test_holds_during_a_sync_name_nobody_and_leave_the_file(
    valley,
    crowd,
    product,
    script,
):
    with district_lock(product, valley.id, on_wait=list):
        (first, *_) = json.loads(script("holds", "--people", "--json").stdout)
        assert first["people"] is None
        assert "a sync is using it" in script("holds", "--people").stdout
    assert json.loads(script("holds", "--people", "--json").stdout)[0]["people"]


def test_approval_after_a_change_in_clever_exits_5(
    valley,
    crowd,
    product,
    script,
):
    plan, leaving = crowd
    leave(valley, users_of(valley, "student")[0])
    ended = script("approve", plan.held_digest[:12], "--by", "the admin")
    assert (ended.returncode, "stale" in complaint(ended)) == (5, True)
    assert set(leaving) <= members(product, valley)
    before = live_rows(product)
    limited = script("limits", "--district", valley.id, "--set", "district_removals=0.5", "--once", "--json")
    assert json.loads(limited.stdout)["once"] == {"district_removals": 0.5}
    for wrong in ("nothing=1", "district_removals=7", "district_removals=nan", "school_at_least=x"):
        assert script("limits", "--district", valley.id, "--set", wrong).returncode == 2
    assert live_rows(product) == before
