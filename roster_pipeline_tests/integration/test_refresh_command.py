"""The commands that file a refresh request, wait for its answer and list the requests."""

import json
import subprocess
import threading
import time

import pytest

from roster_pipeline.defs.launch import add_partition, dagster_instance, run_sync
from roster_pipeline.model.scope import DISTRICT
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.requests import (
    command,  # noqa: F401 - a fixture
    press,  # noqa: F401 - a fixture
)
from roster_pipeline_tests.support.scripts import SCRIPT

NOBODY = "f" * 24


@pytest.fixture
def meanwhile(product):
    """Does something, in a thread of its own, as soon as a request waits."""

    def begun(act):
        def work():
            end = time.monotonic() + 240
            while not query(product, "select 1 from roster.refresh_requests where state = 'queued'"):
                assert time.monotonic() < end
                time.sleep(0.05)
            act()

        thread = threading.Thread(target=work)
        thread.start()
        return thread

    return begun


def test_refresh_command_reports_the_estimate(valley, quick_sync, command):
    code, said, _ = command("refresh", "--district", valley.id)
    assert (code, "Request 1 of" in said, "this is the first request for this district" in said) == (0, True, True)
    quick_sync(valley)
    _, said, _ = command("refresh", "--district", valley.id)
    assert "The last request took " in said
    filed = json.loads(command("refresh", "--district", valley.id, "--json")[1])
    assert (filed["request_id"], filed["joins"], filed["scope"]) == (3, 2, "district")
    assert filed["estimate_seconds"].keys() == {"requests", "median", "worst"}


def test_request_for_a_paused_district_is_refused(valley, product, command):
    execute(product, "update roster.organizations set state = 'paused'")
    for more in ((), ("--wait",)):
        code, _, complaint = command("refresh", "--district", valley.id, *more)
        assert (code, "is paused" in complaint, f"resume {valley.id}" in complaint) == (2, True, True)
    assert query(product, "select count(*) from roster.refresh_requests") == [(0,)]


def test_unanswered_wait_exits_1_and_keeps_the_request(valley, command, product):
    code, _, complaint = command("refresh", "--district", valley.id, "--wait", "--timeout", "0")
    assert (code, "request stays filed" in complaint, complaint.count("\n")) == (1, True, 1)
    assert query(product, "select state from roster.refresh_requests") == [("queued",)]


def test_answered_wait_exits_0_or_3_with_the_summary(valley, quick_sync, command, meanwhile):
    done = meanwhile(lambda: quick_sync(valley))
    code, said, _ = command("refresh", "--district", valley.id, "--wait")
    done.join()
    assert (code, "Added 60 students" in said) == (0, True)
    for key in [key for key, user in valley.resources["users"].items() if "student" in user["roles"]][:20]:
        valley.remove("users", key)
    done = meanwhile(lambda: quick_sync(valley))
    code, said, _ = command("refresh", "--district", valley.id, "--wait", "--json")
    done.join()
    answer = json.loads(said)["answer"]
    assert (code, answer["state"]) == (3, "held")
    assert "20 removals are on hold for approval (20 students" in answer["summary"]


def test_unusable_clever_ends_the_wait_with_exit_4(valley, job, clever, product, tmp_path):
    clever.go_wrong(("/v3.1/schools", 0, "401"))
    waiting = subprocess.Popen(
        [SCRIPT, "refresh", "--district", valley.id, "--wait", "--timeout", "240"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    end = time.monotonic() + 240
    while not query(product, "select 1 from roster.refresh_requests"):
        assert time.monotonic() < end
        time.sleep(0.1)
    with dagster_instance(read_settings()) as instance:
        add_partition(instance, valley.id)
        run_sync(instance, job, valley.id, name=valley.name, on_step=lambda _asset, _metadata: None)
    _, complaint = waiting.communicate(timeout=240)
    assert waiting.returncode == 4
    assert "Nothing changed" in complaint
    assert valley.id in complaint


def test_requests_list_shows_state_times_and_words(valley, hamlet, quick_sync, press, command):
    assert "No Update Roster request yet" in command("requests")[1]
    press(valley)
    quick_sync(valley)
    press(hamlet)
    _, said, _ = command("requests")
    assert said.index(hamlet.name) < said.index(valley.name)
    assert "removed nothing" in " ".join(said.split())
    assert " ET, " in said
    (one,) = json.loads(command("requests", "--district", valley.id, "--json")[1])
    assert (one["state"], one["scope"], one["district_id"]) == ("published", DISTRICT.kind, valley.id)
    assert one["requested_at"] < one["finished_at"]
    assert command("requests", "--district", NOBODY)[0] == 2
