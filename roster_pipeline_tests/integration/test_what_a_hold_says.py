"""A held plan has one name and one count in every command. A rejected plan needs no decision."""

import json

from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.alert_messages import build_message
from roster_pipeline.syncs.alerts import find_changes
from roster_pipeline_tests.support.holds import crowd, decide, members  # noqa: F401 - fixtures
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import last_sync, query
from roster_pipeline_tests.support.scripts import script  # noqa: F401 - fixtures

HOLDS = "select count(*) from roster.holds where state = 'open'"


def why(script, key):
    (chain,) = json.loads(script("why", "--person", key, "--json").stdout)["chains"]
    return {step["name"]: step for step in chain["steps"]}


def test_several_thresholds_are_one_entry_under_one_name(
    valley,
    crowd,
    quick_sync,
    product,
    script,
):
    _, leaving = crowd
    for key in users_of(valley, "teacher")[:6]:
        leave(valley, key)
    plan = quick_sync(valley)
    assert query(product, HOLDS)[0][0] > 1
    (entry,) = json.loads(script("holds", "--json").stdout)
    assert sum(entry["parts"].values()) == entry["total"]
    assert {part: entry["parts"][part] for part in ("students", "teachers")} == {"students": 12, "teachers": 6}
    assert entry["sentence"] == "12 of 60 students in the district (20%) are missing from Clever."
    with transaction(product) as pg:
        (change,) = find_changes(pg, "held")
    message = build_message(change)
    total = f"{entry['total']} removals and other changes in all"
    assert (message["counts"], total in message["text"]) == (entry["parts"], True)
    assert f"{entry['total']} removals are on hold for approval" in last_sync(product)[1]["summary"]
    shown = script("holds").stdout
    wanted = ("12 students would leave the district", "6 teachers would leave", f"{entry['total']} removals")
    assert [words for words in wanted if words not in shown] == []
    name = entry["plan"]
    assert (message["plan"], plan.held_digest[:12]) == (name, name)
    steps = why(script, leaving[0])
    (item,) = [one for one in steps["Waiting"]["items"] if one["state"] == "open"]
    assert (item["facts"]["plan"], item["facts"]["total"], item["facts"]["parts"]) == (
        name,
        entry["total"],
        entry["parts"],
    )
    assert (name in item["says"], entry["sentence"] in item["says"], f"plan {name}" in steps["Next"]["says"]) == (
        True,
        True,
        True,
    )


def test_rejected_plan_asks_nobody_to_act(
    valley,
    crowd,
    quick_sync,
    product,
    script,
):
    plan, leaving = crowd
    preview = script("plan", "--district", valley.id)
    assert preview.returncode == 3
    assert "12 removals would be on hold for approval (12 students)." in " ".join(preview.stdout.split())
    assert script("reject", plan.held_digest[:12]).returncode == 0
    for _ in range(2):
        steps = why(script, leaving[0])
        assert (steps["Waiting"]["state"], steps["Next"]["facts"]["whose"]) == ("ok", "nobody")
        assert {item["state"] for item in steps["Classes"]["items"]} == {"kept"}
        assert f"Plan {plan.held_digest[:12]} was rejected" in steps["Next"]["says"]
        looked = script("plan", "--district", valley.id)
        assert (looked.returncode, "These removals were rejected." in looked.stdout, "wait" in looked.stdout) == (
            0,
            True,
            False,
        )
        quick_sync(valley)
        assert "12 removals were rejected, so the data is kept" in last_sync(product)[1]["summary"]
    assert script("holds").stdout.strip() == "No changes are waiting for approval."


def test_approved_plan_names_the_sync_as_next(
    valley,
    crowd,
    decide,
    script,
):
    _, leaving = crowd
    decide("approved")
    assert why(script, leaving[0])["Next"]["facts"]["whose"] == "sync"


def test_rejected_set_that_returned_is_asked_again(
    valley,
    quick_sync,
    known_sync,
    product,
    decide,
):
    known_sync(valley)
    leaving = users_of(valley, "student")[:12]
    before = [(name, dict(one)) for name in ("users", "sections") for one in valley.resources[name].values()]
    for key in leaving:
        leave(valley, key)
    plan = quick_sync(valley)
    decide("rejected")
    for name, one in before:
        valley.put(name, one)
    assert quick_sync(valley).held == ()
    for key in leaving:
        leave(valley, key)
    assert quick_sync(valley).held_digest == plan.held_digest
    assert (last_sync(product)[0], set(leaving) <= members(product, valley)) == ("held", True)
