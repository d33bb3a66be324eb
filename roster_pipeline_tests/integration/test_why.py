"""The chain of evidence: each step says what is so, the last one whose move is next, and asking changes nothing."""

import json
import sys
import threading
import time
from datetime import UTC, datetime

import pytest

from roster_pipeline.cli import main
from roster_pipeline.corrections.resolve import resolve_review
from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.definitions import build_definitions
from roster_pipeline.defs.launch import add_partition, run_sync
from roster_pipeline.explain.district_file import open_file
from roster_pipeline.product.database import district_lock, transaction
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.accounts import ACCOUNT, MEMBER, give
from roster_pipeline_tests.support.district import Impatient
from roster_pipeline_tests.support.people import first_with, leave, users_of
from roster_pipeline_tests.support.readers import execute, query, row_versions

NOBODY = "f" * 24
HOSTILE = "\x1b[31m\x9b2J\u202e\x07[bold]Botany[/bold]\r\n"
"""Colours, a cleared screen, text from right to left, a bell, markup and a line of its own."""


@pytest.fixture
def why(environment, monkeypatch, capsys):
    """Asks as an operator does: (exit code, what was said, what was complained of)."""

    def asked(*arguments):
        monkeypatch.setattr(sys, "argv", ["roster-pipeline", "why", *arguments])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out, said.err

    return asked


@pytest.fixture
def answer(why):
    """The answer for machines."""

    def answered(*arguments):
        code, said, _ = why(*arguments, "--json")
        assert code == 0, said
        return json.loads(said)

    return answered


@pytest.fixture
def chain(answer):
    """The steps, by name, of the one chain of an answer."""

    def steps(*arguments):
        (found,) = answer(*arguments)["chains"]
        return by_name(found)

    return steps


@pytest.fixture
def teacher(valley):
    return give(valley, users_of(valley, "teacher")[0], email="ida.moss@example.org", first="Ida", last="Moss")


@pytest.fixture
def student(valley):
    return give(valley, users_of(valley, "student")[0], email="tom.reed@example.org", first="Tom", last="Reed")


def by_name(chain):
    return {step["name"]: step for step in chain["steps"]}


def states(step):
    """How many items of a step are in each state."""
    found = [item["state"] for item in step["items"]]
    return {state: found.count(state) for state in found}


def whose(steps):
    return steps["Next"]["facts"]["whose"]


def classes_of(district, person):
    return [one["id"] for one in district.resources["sections"].values() if person["id"] in one["students"]]


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


def test_new_teacher_needs_verification(valley, quick_sync, chain, teacher):
    quick_sync(valley)
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


def test_departure_is_dated_with_what_ended(valley, quick_sync, product, chain, student):
    quick_sync(valley)
    leave(valley, student["id"])
    quick_sync(valley)
    steps = chain("--person", student["id"])
    ((started, ended),) = query(
        product,
        "select (select max(started_at) from roster.syncs), ended_at from roster.org_memberships "
        "where ended_at is not null",
    )
    assert f"the last complete reading of {started:%Y-%m-%d %H:%M} UTC: share the person" in steps["Next"]["says"]
    assert datetime.fromisoformat(steps["Organization"]["facts"]["ended_at"]) == ended
    assert [steps[name]["state"] for name in ("In Clever", "Organization", "Schools", "Classes")] == [
        "stopped",
        "ended",
        "ended",
        "ended",
    ]
    assert whose(steps) == "district"


def test_wrong_type_names_the_reason_and_the_district(valley, quick_sync, chain, student, teacher):
    quick_sync(valley)
    valley.put("users", student | {"roles": {"student": {"school": 7}}})
    valley.put("users", teacher | {"name": {"first": 7, "last": "Moss"}})
    section = first_with(valley, "sections", lambda _: True)
    valley.put("sections", section | {"school": "nowhere"})
    quick_sync(valley)
    refused, dropped = chain("--person", student["id"]), chain("--person", teacher["id"])
    assert (refused["Read"]["state"], states(refused["Read"]), whose(refused)) == (
        "stopped",
        {"refused": 1},
        "district",
    )
    assert "roles.student.school is not text" in refused["Next"]["says"]
    assert states(refused["Classes"]) == {"published": len(classes_of(valley, student))}
    assert (dropped["Read"]["state"], dropped["Read"]["items"][0]["facts"]["reason"]) == (
        "ok",
        "name.first is not text",
    )
    broken = chain("--section", section["id"])
    assert (broken["Checked"]["state"], states(broken["Checked"]), whose(broken)) == (
        "stopped",
        {"broken": 1},
        "district",
    )


def test_hidden_and_archived_classes_explain_their_members(valley, quick_sync, product, chain, student):
    quick_sync(valley)
    hidden, archived = classes_of(valley, student)[:2]
    execute(product, "update roster.rosters set hidden_at = '2026-03-01T12:00:00Z' where clever_id = :k", k=hidden)
    valley.remove("sections", archived)
    quick_sync(valley)
    of_hidden, of_archived = chain("--section", hidden), chain("--section", archived)
    assert "hidden 2026-03-01 12:00 UTC" in of_hidden["Class"]["says"]
    assert (states(of_hidden["Students"]).keys(), whose(of_hidden)) == ({"hidden"}, "person")
    assert (of_archived["Class"]["state"], whose(of_archived)) == ("ended", "district")
    classes = {
        item["facts"]["section_id"]: item["state"] for item in chain("--person", student["id"])["Classes"]["items"]
    }
    assert (classes[hidden], classes[archived]) == ("hidden", "archived")


def test_waiting_removal_names_its_hold(valley, quick_sync, product, chain, student):
    quick_sync(valley)
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


def test_unknown_id_or_email_exits_2_and_repeats_nothing(valley, quick_sync, why):
    quick_sync(valley)
    for asked in (("--person", NOBODY), ("--section", NOBODY), ("--email", "nobody.at.all@example.org")):
        code, said, complaint = why(*asked)
        assert (code, said, complaint.count("\n")) == (2, "", 1)
        assert asked[1] not in complaint


@pytest.mark.parametrize("asked", [(), ("--person", NOBODY, "--email", "a@example.org"), ("--person", "")])
def test_wrong_number_of_options_exits_2_and_lists_them(valley, why, asked):
    code, said, complaint = why(*asked)
    assert (code, said, complaint.count("\n")) == (2, "", 1)
    assert all(name in complaint for name in ("--person", "--section", "--email"))


def test_paused_district_keeps_all_and_waits_for_an_admin(valley, quick_sync, product, chain, student):
    quick_sync(valley)
    execute(product, "update roster.organizations set state = 'paused'")
    for steps in (chain("--person", student["id"]), chain("--section", classes_of(valley, student)[0])):
        assert (steps["Organization"]["state"], whose(steps)) == ("stopped", "admin")
        assert "paused" in steps["Organization"]["says"]


def test_missing_district_waits_for_its_own_administrators(valley, quick_sync, product, chain, student):
    quick_sync(valley)
    execute(product, "update roster.organizations set state = 'disconnected', missing_since = now()")
    steps = chain("--person", student["id"])
    assert ("shows the district no more" in steps["Organization"]["says"], whose(steps)) == (True, "district")


def test_hostile_names_are_escaped_for_people_and_exact_in_json(valley, quick_sync, product, why, chain, student):
    (key, *_) = classes_of(valley, student)
    valley.put("sections", valley.get("sections", key) | {"name": HOSTILE})
    valley.put("users", student | {"name": {"first": HOSTILE, "last": "Reed"}})
    school = valley.resources["schools"].ids()[0]
    valley.put("schools", valley.get("schools", school) | {"name": HOSTILE})
    quick_sync(valley)
    execute(product, "update roster.organizations set name = :name", name=HOSTILE)
    for asked in (("--person", student["id"]), ("--section", key), ("--email", student["email"])):
        code, said, complaint = why(*asked)
        assert (code, complaint) == (0, "")
        assert "[bold]Botany[/bold]" in said.replace("\n", "")
        assert not {sign for sign in said if not sign.isprintable()} - {"\n"}
        assert max(map(len, said.splitlines())) <= 80
        machine = why(*asked, "--json")[1]
        assert not {sign for sign in machine if not sign.isprintable()} - {"\n"}
    assert HOSTILE in chain("--section", key)["Class"]["says"]


def test_running_sync_is_mentioned_and_the_product_answers(valley, quick_sync, product, chain, student):
    quick_sync(valley)
    with district_lock(product, valley.id, on_wait=lambda: None):
        steps = chain("--person", student["id"])
    assert [steps[name]["state"] for name in ("In Clever", "Read", "Account", "Classes")] == ["unknown"] * 2 + [
        "ok"
    ] * 2
    assert "is running" in steps["In Clever"]["says"]
    assert whose(steps) == "sync"


def test_missing_file_is_mentioned_and_the_product_answers(valley, quick_sync, chain, student):
    quick_sync(valley)
    (read_settings().districts_folder / f"{valley.id}.duckdb").unlink()
    steps = chain("--person", student["id"])
    assert [steps[name]["state"] for name in ("In Clever", "Account", "Next")] == ["unknown", "ok", "unknown"]
    assert not (read_settings().districts_folder / f"{valley.id}.duckdb").exists()
    assert chain("--section", classes_of(valley, student)[0])["Students"]["state"] == "ok"


def test_sync_waits_undisturbed_for_a_reading_question(valley, quick_sync, sync, product):
    quick_sync(valley)
    opened, folder = threading.Event(), read_settings().districts_folder

    def ask():
        with transaction(product) as pg, open_file(pg, folder, valley.id):
            opened.set()
            time.sleep(2)

    asking = threading.Thread(target=ask)
    asking.start()
    assert opened.wait(10)
    assert sync(valley).exit_code == 0
    asking.join()


def test_question_changes_no_row_and_no_file(valley, quick_sync, product, why, student):
    quick_sync(valley)
    folder = read_settings().districts_folder

    def everything():
        files = {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
        return row_versions(product, without=()), files

    before = everything()
    for asked in (("--person", student["id"]), ("--section", classes_of(valley, student)[0]), ("--email", "a@b.cd")):
        why(*asked)
    assert everything() == before


def test_email_in_two_districts_gives_two_separate_reports(valley, hamlet, quick_sync, product, answer, why, student):
    twin = give(hamlet, users_of(hamlet, "student")[0], email=student["email"], first="Kim", last="Lund")
    quick_sync(hamlet)
    quick_sync(valley)
    found = answer("--email", student["email"])
    chains = {one["district_id"]: one for one in found["chains"]}
    assert {key: one["clever_id"] for key, one in chains.items()} == {valley.id: student["id"], hamlet.id: twin["id"]}
    ((theirs,),) = query(product, "select account_id from roster.identity_links where clever_id = :key", key=twin["id"])
    said = why("--person", student["id"])[1]
    strangers = {hamlet.id, hamlet.name, "Lund", *hamlet.resources["users"], *hamlet.resources["schools"]}
    assert not [word for word in strangers if word in said or word in json.dumps(chains[valley.id])]
    assert f"account {theirs}" not in said
    assert {item["facts"]["district_id"] for item in found["found"]} == {valley.id, hamlet.id}


def test_evidence_of_another_district_reveals_only_existence(valley, hamlet, quick_sync, product, chain, student):
    own = execute(product, ACCOUNT, email=student["email"], first="Ann", last="Other", role="student")
    quick_sync(hamlet)
    quick_sync(valley)
    key = users_of(hamlet, "student")[0]
    ((theirs,),) = query(product, "select account_id from roster.identity_links where clever_id = :key", key=key)
    evidence = {"account_id": own, "near_account_id": theirs, "tried": [{"clever_id": key, "account_ids": [theirs]}]}
    write = "update roster.reviews set evidence = cast(:evidence as jsonb) where clever_id = :key"
    execute(product, write, evidence=json.dumps(evidence), key=student["id"])
    (review,) = chain("--person", student["id"])["Waiting"]["items"]
    elsewhere = "in another organization"
    assert review["facts"]["evidence"] == {
        "account_id": own,
        "near_account_id": elsewhere,
        "tried": [{"clever_id": elsewhere, "account_ids": [elsewhere]}],
    }


def test_email_of_another_case_is_not_the_exact_one(valley, quick_sync, product, answer, student):
    near = execute(product, ACCOUNT, email="Tom.Reed@example.org", first="Tom", last="Reed", role="student")
    execute(product, MEMBER, account=near, role="student", admin=False, district=valley.id)
    quick_sync(valley)
    found = {
        (item["facts"].get("account_id"), item["facts"]["clever_id"]): item["state"]
        for item in answer("--email", f" {student['email']}\t")["found"]
    }
    ((own,),) = query(product, "select account_id from roster.identity_links where clever_id = :key", key=student["id"])
    assert found == {(own, student["id"]): "exact", (None, student["id"]): "exact", (near, None): "case differs"}


def test_failed_or_undone_sync_is_the_next_action(valley, quick_sync, sync, clever, product, chain, student):
    quick_sync(valley)
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


def test_empty_list_proves_nothing(valley, quick_sync, chain, student):
    quick_sync(valley)
    for key in list(valley.resources["users"]):
        valley.remove("users", key)
    quick_sync(valley)
    steps = chain("--person", student["id"])
    assert (steps["In Clever"]["state"], steps["Organization"]["state"], whose(steps)) == ("unknown", "ok", "district")
    assert "came empty" in steps["Next"]["says"]


def test_previewed_plan_waits_for_a_sync(valley, quick_sync, instance, chain, student):
    quick_sync(valley)
    valley.put("users", student | {"id": NOBODY, "email": "new@example.org"})
    job = build_definitions({"sync": Impatient()}).resolve_job_def("plan_roster")
    add_partition(instance, valley.id)
    run_sync(instance, job, valley.id, name=valley.name, on_step=lambda _asset, _metadata: None)
    steps = chain("--person", NOBODY)
    assert (steps["In Clever"]["state"], steps["Identity"]["state"], whose(steps)) == ("ok", "waiting", "sync")
    assert whose(chain("--person", student["id"])) == "nobody"
    assert chain("--email", "new@example.org") == steps
