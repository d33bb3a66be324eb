"""connect, disconnect, pause and resume: the decision of an operator outlasts the state in Clever."""

import json

import pytest

from roster_pipeline_tests.support.readers import live_rows, query
from roster_pipeline_tests.support.requests import command, press  # noqa: F401 - fixtures

STATE = "select state, operator_disconnected_at is not null from roster.organizations"
REQUESTS = "select state, summary from roster.refresh_requests order by id"


@pytest.mark.parametrize("stop", ["pause", "disconnect"])
def test_stopped_district_is_not_synced_and_keeps_all(
    valley,
    known_sync,
    product,
    stop,
    press,
    command,
):
    known_sync(valley)
    before = live_rows(product)
    press(valley)
    code, said, _ = command(stop, valley.id)
    assert (code, "everything the district has stays" in said) == (0, True)
    ((state, summary),) = query(product, REQUESTS)
    assert (state, "no sync starts" in summary) == ("failed", True)
    for refused in (("sync", "--district", valley.id), ("plan", "--district", valley.id), ("sync",)):
        code, _, complaint = command(*refused)
        assert (code, "Traceback" in complaint) == (2, False)
    assert command("refresh", "--district", valley.id, "--wait")[0] == 2
    assert "already" in command(stop, valley.id)[1]
    assert live_rows(product) == before
    assert query(product, "select count(*) from roster.syncs") == [(1,)]


def test_a_paused_district_goes_on_after_resume(valley, product, command):
    command("pause", valley.id)
    assert query(product, STATE) == [("paused", False)]
    assert f"still paused, so no sync starts. To resume: roster-pipeline resume {valley.id}" in " ".join(
        command("connect", valley.id, "--tier", "secure_sync")[1].split()
    )
    said = json.loads(command("resume", valley.id, "--json")[1])
    assert said == {"district_id": valley.id, "name": valley.name, "state": "active", "was": "paused"}
    assert "was not paused" in command("resume", valley.id)[1]
    assert command("sync", "--district", valley.id)[0] == 0


def test_only_connect_ends_an_operators_disconnection(valley, product, command):
    command("disconnect", valley.id)
    for refused in ("pause", "resume"):
        code, _, complaint = command(refused, valley.id)
        assert (code, f"connect {valley.id} --tier secure_sync" in complaint) == (2, True)
    command("districts")  # which looks at Clever's list, and sees the district there
    assert query(product, STATE) == [("disconnected", True)]
    assert command("connect", valley.id, "--tier", "secure_sync")[0] == 0
    assert query(product, STATE) == [("active", False)]


@pytest.mark.parametrize("act", ["pause", "resume", "disconnect"])
def test_unconnected_district_is_refused_in_one_line(valley, act, command):
    code, said, complaint = command(act, "0" * 24)
    assert (code, said, complaint.count("\n")) == (2, "", 1)


@pytest.mark.parametrize("tier", ["library", "gold"])
def test_unknown_tier_is_refused_and_the_others_are_listed(hamlet, tier, command):
    code, _, complaint = command("connect", hamlet.id, "--tier", tier)
    assert (code, "secure_sync or sso_only" in complaint, complaint.count("\n")) == (2, True, 1)
