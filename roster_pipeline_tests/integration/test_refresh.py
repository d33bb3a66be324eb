"""Refresh requests and the sensors: a queued request starts a run and is answered."""

from datetime import UTC, datetime

import dagster as dg
import pytest

from roster_pipeline.defs.partitions import DISTRICTS, TRIGGER_TAG
from roster_pipeline.defs.resources import Product
from roster_pipeline.defs.sensors import district_partitions
from roster_pipeline.errors import DistrictUnknown, TierRefused
from roster_pipeline.product.database import district_lock, transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.syncs.lifecycle import begin_sync
from roster_pipeline.syncs.requests import file_request, list_waiting_districts
from roster_pipeline_tests.support.accounts import ACCOUNT
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.requests import requests_of

REQUESTS = "select state, sync_id is not null, summary from roster.refresh_requests order by id"


@pytest.fixture
def press(product):
    """Presses Update Roster for a district."""

    def pressed(district, scope="district", scope_clever_id=None, account_id=None):
        with transaction(product) as pg:
            return file_request(
                pg,
                district.id,
                scope=scope,
                scope_clever_id=scope_clever_id,
                requested_by="a teacher",
                account_id=account_id,
            )

    return pressed


def test_one_sync_answers_several_requests_with_a_summary(valley, sync, product, press):
    for scope in (None, None, valley.resources["sections"].ids()[0]):
        press(valley, "section" if scope else "district", scope)
    sync(valley)
    answers = query(product, REQUESTS)
    assert [(state, served) for state, served, _ in answers] == [("published", True)] * 3
    assert "60" in answers[0][2] or "72" in answers[0][2]
    assert query(product, "select trigger, count(*) from roster.syncs group by 1") == [("cli", 1)]


def test_request_after_a_sync_is_answered_by_the_next(valley, sync, quick_sync, product, press):
    press(valley)
    quick_sync(valley)
    press(valley)
    assert [state for state, *_ in query(product, REQUESTS)] == ["published", "queued"]
    sync(valley)
    assert query(product, REQUESTS)[1] == ("published", True, "No changes. Everything already matches Clever.")


def test_request_during_an_outage_says_nothing_changed(valley, sync, product, press, clever):
    press(valley)
    clever.go_wrong(("/v3.1/sections", 0, "401"))
    sync(valley)
    ((state, served, summary),) = query(product, REQUESTS)
    assert (state, served) == ("failed", True)
    assert "Nothing changed" in summary


def test_requests_of_two_districts_start_one_run_each(valley, hamlet, instance, product, press):
    for district in (valley, valley, hamlet):
        press(district)
    asked = requests_of(instance)
    assert sorted(one.partition_key for one in asked) == sorted([valley.id, hamlet.id])
    assert {one.tags[TRIGGER_TAG] for one in asked} == {"manual"}
    again = requests_of(instance)
    assert [one.run_key for one in again] == [one.run_key for one in asked]
    press(hamlet, account_id=execute(product, ACCOUNT, email="a@example.org", first="A", last="B", role="admin"))
    assert {one.partition_key: one.tags[TRIGGER_TAG] for one in requests_of(instance)} == {
        valley.id: "manual",
        hamlet.id: "page",
    }


def test_sensor_skips_without_requests(valley, quick_sync, instance, press):
    (skipped,) = requests_of(instance)
    assert "No Update Roster request" in skipped.skip_message
    press(valley)
    quick_sync(valley)
    assert requests_of(instance) == [skipped]
    press(valley)
    (asked,) = requests_of(instance)
    assert (asked.partition_key, asked.tags["roster/trigger"]) == (valley.id, "manual")


def test_request_during_a_run_waits_for_the_next(valley, instance, press):
    press(valley)
    under_way = dg.DagsterRun("sync_roster", tags={"dagster/partition": valley.id}, status=dg.DagsterRunStatus.STARTED)
    instance.add_run(under_way)
    (skipped,) = requests_of(instance)
    assert "No Update Roster request" in skipped.skip_message
    instance.delete_run(under_way.run_id)
    (asked,) = requests_of(instance)
    assert asked.partition_key == valley.id


def test_request_of_a_killed_run_waits_again(valley, instance, press, product):
    press(valley)
    with transaction(product) as pg:
        begin_sync(pg, valley.id, dagster_run_id="gone", mode="full", trigger="manual", at=datetime.now(UTC))
    (asked,) = requests_of(instance)
    assert asked.partition_key == valley.id
    assert query(product, "select state from roster.syncs order by id desc limit 1") == [("failed",)]


def test_third_killed_run_answers_its_request(valley, instance, press, product):
    press(valley)
    for _ in range(3):
        assert [one for one in requests_of(instance) if isinstance(one, dg.RunRequest)]
        _begin(product, valley, run_id="gone")
    (skipped,) = requests_of(instance)
    assert isinstance(skipped, dg.SkipReason)
    ((state, _, summary),) = query(product, REQUESTS)
    assert state == "failed"
    assert "3 syncs in a row were killed" in summary
    press(valley)
    assert isinstance(requests_of(instance)[0], dg.RunRequest)


def test_sensor_ignores_a_sync_of_another_dagster(valley, instance, press, product):
    press(valley)
    with district_lock(product, valley.id, on_wait=list):
        _begin(product, valley, run_id="known-elsewhere")
        requests_of(instance)
        assert query(product, "select state from roster.syncs") == [("running",)]
    requests_of(instance)
    assert query(product, "select state from roster.syncs") == [("failed",)]


def _begin(product, district, run_id):
    with transaction(product) as pg:
        begin_sync(pg, district.id, dagster_run_id=run_id, mode="auto", trigger="manual", at=datetime.now(UTC))


def test_request_for_an_unknown_or_unsynced_district_is_refused(connect, hamlet, valley, product):
    with transaction(product) as pg:
        connect_district(pg, hamlet.id, name=hamlet.name, tier="sso_only")
    with pytest.raises(TierRefused, match="sso_only"), transaction(product) as pg:
        file_request(pg, hamlet.id, scope="district", scope_clever_id=None, requested_by=None)
    with pytest.raises(DistrictUnknown, match="not connected"), transaction(product) as pg:
        file_request(pg, "0" * 24, scope="district", scope_clever_id=None, requested_by=None)
    assert query(product, "select count(*) from roster.refresh_requests") == [(0,)]


def test_sensor_adds_a_partition_for_a_new_district(valley, hamlet, instance):
    def look():
        with dg.build_sensor_context(instance=instance, resources={"product": Product()}) as context:
            return district_partitions(context)

    (request,) = look().dynamic_partitions_requests
    assert sorted(request.partition_keys) == sorted([valley.id, hamlet.id])
    instance.add_dynamic_partitions(DISTRICTS, request.partition_keys)
    assert "All 2 connected districts" in look().skip_message


@pytest.mark.parametrize(("tier", "state"), [("sso_only", "active"), ("secure_sync", "paused")])
def test_sync_of_a_paused_or_wrong_tier_district_is_refused(valley, sync, product, tier, state):
    change = "update roster.organizations set tier = :tier, state = :state"
    execute(product, change, tier=tier, state=state)
    ended = sync(valley)
    assert ended.exit_code == 2
    assert (tier if tier == "sso_only" else state) in ended.failure
    assert query(product, "select count(*) from roster.syncs") == [(0,)]


def test_preview_request_is_not_taken_by_a_sync(product, valley):
    execute(
        product,
        "insert into roster.refresh_requests (organization_id, kind) "
        "select id, kind from roster.organizations, unnest(array['preview', 'update']) as kind",
    )
    begun = {"dagster_run_id": "any", "mode": "full", "trigger": "page", "at": datetime.now(UTC)}
    with transaction(product) as pg:
        begin_sync(pg, valley.id, **begun)
        assert list_waiting_districts(pg) == []
    states = "select kind, state from roster.refresh_requests order by kind"
    assert query(product, states) == [("preview", "queued"), ("update", "running")]
