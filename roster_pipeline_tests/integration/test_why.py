"""The steps of `why`: each states a fact, the last one names the next action, and the command changes nothing."""

from datetime import UTC, datetime

import pytest

from roster_pipeline.corrections.resolve import resolve_review
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.definitions import build_definitions
from roster_pipeline.defs.launch import add_partition, run_sync
from roster_pipeline.messages import operator
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.accounts import ACCOUNT, set_user
from roster_pipeline_tests.support.district import Impatient
from roster_pipeline_tests.support.explanations import (
    NOBODY,
    answer,  # noqa: F401 - a fixture
    chain,  # noqa: F401 - a fixture
    classes_of,
    student,  # noqa: F401 - a fixture
    whose,
    why,  # noqa: F401 - a fixture
)
from roster_pipeline_tests.support.people import first_with, leave, users_of
from roster_pipeline_tests.support.readers import execute, query


def local(moment):
    """The time as it is shown in the district's time zone."""
    return operator.time(moment, "America/New_York", moment)


@pytest.fixture
def teacher(valley):
    return set_user(valley, users_of(valley, "teacher")[0], email="ida.moss@example.org", first="Ida", last="Moss")


def states(step):
    """How many items of a step are in each state."""
    found = [item["state"] for item in step["items"]]
    return {state: found.count(state) for state in found}


def test_same_email_is_explained_and_needs_no_action(valley, quick_sync, product, chain, student):
    own = execute(product, ACCOUNT, email=student["email"], first="Tom", last="Reed", role="student")
    quick_sync(valley)
    steps = chain("--person", student["id"])
    assert " ".join(steps) == (
        "In Clever Read Checked Identity Account Organization Schools Classes Waiting Clock Next"
    )
    assert {step["state"] for step in steps.values()} == {"ok"}
    link = steps["Identity"]["facts"]
    assert (link["account_id"], link["rule"], link["evidence"]["last_name_agrees"]) == (own, "email", True)
    assert datetime.fromisoformat(link["linked_at"]).tzinfo
    assert steps["Account"]["facts"]["account_id"] == own
    assert {item["facts"]["section_id"] for item in steps["Classes"]["items"]} == set(classes_of(valley, student))
    assert (states(steps["Classes"]).keys(), whose(steps)) == ({"published"}, "nobody")


def test_new_teacher_needs_verification(valley, known_sync, chain, teacher):
    known_sync(valley)
    steps = chain("--person", teacher["id"])
    assert (steps["Identity"]["facts"]["rule"], steps["Organization"]["state"]) == ("created", "waiting")
    assert whose(steps) == "admin"


def test_member_who_is_not_shared_is_pending(valley, quick_sync, chain):
    section = first_with(valley, "sections", lambda _: True)
    valley.put("sections", section | {"students": [*section["students"], NOBODY]})
    quick_sync(valley)
    steps = chain("--person", NOBODY)
    assert (steps["In Clever"]["state"], states(steps["Classes"]), whose(steps)) == (
        "stopped",
        {"pending": 1},
        "district",
    )
    of_class = chain("--section", section["id"])
    assert states(of_class["Students"]) == {"published": len(section["students"]), "pending": 1}
    assert whose(of_class) == "district"


def test_departure_is_dated_with_what_ended(valley, quick_sync, known_sync, product, chain, student):
    known_sync(valley)
    leave(valley, student["id"])
    quick_sync(valley)
    steps = chain("--person", student["id"])
    ((started, ended),) = query(
        product,
        "select (select max(started_at) from roster.syncs), ended_at from roster.org_memberships "
        "where ended_at is not null",
    )
    assert f"share this person. Not in Clever's data as of {local(started)}." in steps["Next"]["says"]
    assert datetime.fromisoformat(steps["Organization"]["facts"]["ended_at"]) == ended
    assert [steps[name]["state"] for name in ("In Clever", "Organization", "Schools", "Classes")] == [
        "stopped",
        "ended",
        "ended",
        "ended",
    ]
    assert whose(steps) == "district"


def test_wrong_type_names_the_reason_and_the_district(valley, quick_sync, known_sync, chain, student, teacher):
    known_sync(valley)
    valley.put("users", student | {"roles": {"student": {"school": 7}}})
    valley.put("users", teacher | {"name": {"first": 7, "last": "Moss"}})
    section = first_with(valley, "sections", lambda _: True)
    valley.put("sections", section | {"school": "nowhere"})
    quick_sync(valley)
    refused, dropped = chain("--person", student["id"]), chain("--person", teacher["id"])
    assert (refused["Read"]["state"], states(refused["Read"]), whose(refused)) == (
        "stopped",
        {"rejected": 1},
        "district",
    )
    assert "school is not text" in refused["Next"]["says"]
    assert states(refused["Classes"]) == {"published": len(classes_of(valley, student))}
    assert (dropped["Read"]["state"], dropped["Read"]["items"][0]["facts"]["reason"]) == (
        "ok",
        "name.first is not text",
    )
    broken = chain("--section", section["id"])
    assert (broken["Checked"]["state"], states(broken["Checked"]), whose(broken)) == (
        "stopped",
        {"quarantined": 1},
        "district",
    )


def test_hidden_and_archived_classes_explain_their_members(valley, quick_sync, known_sync, product, chain, student):
    known_sync(valley)
    hidden, archived = classes_of(valley, student)[:2]
    execute(product, "update roster.rosters set hidden_at = '2026-03-01T12:00:00Z' where clever_id = :k", k=hidden)
    valley.remove("sections", archived)
    quick_sync(valley)
    of_hidden, of_archived = chain("--section", hidden), chain("--section", archived)
    assert "Hidden Mar 1, 7:00 AM ET" in of_hidden["Class"]["says"]
    assert (states(of_hidden["Students"]).keys(), whose(of_hidden)) == ({"hidden"}, "person")
    assert (of_archived["Class"]["state"], whose(of_archived)) == ("ended", "district")
    classes = {
        item["facts"]["section_id"]: item["state"] for item in chain("--person", student["id"])["Classes"]["items"]
    }
    assert (classes[hidden], classes[archived]) == ("hidden", "archived")


def test_waiting_removal_names_its_hold(valley, quick_sync, known_sync, product, chain, student):
    known_sync(valley)
    classes = classes_of(valley, student)
    for key in users_of(valley, "student")[:7]:
        leave(valley, key)
    assert quick_sync(valley).held
    holds = [key for (key,) in query(product, "select id from roster.holds where state = 'open' order by id")]
    steps = chain("--person", student["id"])
    assert (steps["Organization"]["state"], states(steps["Classes"])) == ("ok", {"held": len(classes)})
    assert (whose(steps), steps["Next"]["facts"]["hold_ids"]) == ("person", holds)
    of_class = chain("--section", classes[0])
    assert (states(of_class["Students"])["held"] >= 1, whose(of_class)) == (True, "person")
    unconcerned = chain("--person", users_of(valley, "student")[-1])
    assert (unconcerned["Waiting"]["state"], whose(unconcerned)) == ("ok", "nobody")


def test_review_is_explained_before_and_after_its_resolution(valley, quick_sync, product, chain, student):
    about = execute(product, ACCOUNT, email=student["email"], first="Ann", last="Other", role="student")
    quick_sync(valley)
    ((review,),) = query(product, "select id from roster.reviews where clever_id = :key", key=student["id"])
    steps = chain("--person", student["id"])
    assert (steps["Identity"]["state"], whose(steps), steps["Next"]["facts"]["review_ids"]) == (
        "waiting",
        "admin",
        [review],
    )
    assert steps["Waiting"]["items"][0]["facts"]["evidence"]["account_id"] == about
    with transaction(product) as pg:
        resolve_review(pg, review, "link", decided_by="the admin", at=datetime.now(UTC))
    after = chain("--person", student["id"])
    (resolved, past) = after["Identity"]["items"]
    assert (resolved["state"], resolved["facts"]["decision"], resolved["facts"]["decided_by"]) == (
        "resolved",
        "link",
        "the admin",
    )
    assert (past["state"], after["Account"]["facts"]["account_id"], whose(after)) == ("ended", about, "nobody")


def test_paused_district_keeps_all_and_waits_for_an_admin(valley, known_sync, product, chain, student):
    known_sync(valley)
    execute(product, "update roster.organizations set state = 'paused'")
    for steps in (chain("--person", student["id"]), chain("--section", classes_of(valley, student)[0])):
        assert (steps["Organization"]["state"], whose(steps)) == ("stopped", "admin")
        assert "paused" in steps["Organization"]["says"]


def test_missing_district_waits_for_its_own_administrators(valley, known_sync, product, chain, student):
    known_sync(valley)
    execute(product, "update roster.organizations set state = 'disconnected', missing_since = now()")
    steps = chain("--person", student["id"])
    assert ("no longer shows the district" in steps["Organization"]["says"], whose(steps)) == (True, "district")


def test_failed_or_undone_sync_is_the_next_action(
    valley, quick_sync, known_sync, sync, clever, product, chain, student
):
    known_sync(valley)
    clever.go_wrong(("/v3.1/schools", 0, "401"))
    assert sync(valley).exit_code == 4
    steps = chain("--person", student["id"])
    assert (steps["In Clever"]["state"], whose(steps)) == ("ok", "sync")
    assert "failed" in steps["Next"]["says"]
    clever.go_wrong()
    plan = quick_sync(valley)
    assert whose(chain("--person", student["id"])) == "nobody"
    with transaction(product) as pg:
        undo_sync(pg, plan.sync_id, datetime.now(UTC))
    assert "undone" in chain("--person", student["id"])["Next"]["says"]


def test_empty_list_proves_nothing(valley, quick_sync, known_sync, chain, student):
    known_sync(valley)
    for key in list(valley.resources["users"]):
        valley.remove("users", key)
    quick_sync(valley)
    steps = chain("--person", student["id"])
    assert (steps["In Clever"]["state"], steps["Organization"]["state"], whose(steps)) == ("unknown", "ok", "district")
    assert "It was empty and had not been." in steps["Next"]["says"]


def test_previewed_plan_waits_for_a_sync(valley, known_sync, instance, chain, student):
    known_sync(valley)
    valley.put("users", student | {"id": NOBODY, "email": "new@example.org"})
    job = build_definitions({"sync": Impatient()}).resolve_job_def("plan_roster")
    add_partition(instance, valley.id)
    run_sync(instance, job, valley.id, name=valley.name, on_step=lambda _asset, _metadata: None)
    steps = chain("--person", NOBODY)
    assert (steps["In Clever"]["state"], steps["Identity"]["state"], whose(steps)) == ("ok", "waiting", "sync")
    assert whose(chain("--person", student["id"])) == "nobody"
    assert chain("--email", "new@example.org") == steps
