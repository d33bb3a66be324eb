"""The options and the output of `why`, and what it may read and change."""

import json
import threading
import time

import pytest

from roster_pipeline.explain.district_file import open_file
from roster_pipeline.product.database import district_lock, transaction
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.accounts import ACCOUNT, MEMBER, set_user
from roster_pipeline_tests.support.explanations import (
    NOBODY,
    answer,  # noqa: F401 - a fixture
    chain,  # noqa: F401 - a fixture
    classes_of,
    student,  # noqa: F401 - a fixture
    whose,
    why,  # noqa: F401 - a fixture
)
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, query, row_versions

HOSTILE = "\x1b[31m\x9b2J\u202e\x07[bold]Botany[/bold]\r\n"
"""Colours, a cleared screen, text from right to left, a bell, markup and a line of its own."""


def test_unknown_id_or_email_exits_2_and_repeats_nothing(valley, known_sync, why):
    known_sync(valley)
    for asked in (("--person", NOBODY), ("--section", NOBODY), ("--email", "nobody.at.all@example.org")):
        code, said, complaint = why(*asked)
        assert (code, said, complaint.count("\n")) == (2, "", 1)
        assert asked[1] not in complaint


@pytest.mark.parametrize("asked", [(), ("--person", NOBODY, "--email", "a@example.org"), ("--person", "")])
def test_wrong_number_of_options_exits_2_and_lists_them(valley, why, asked):
    code, said, complaint = why(*asked)
    assert (code, said, complaint.count("\n")) == (2, "", 1)
    assert all(name in complaint for name in ("--person", "--section", "--email"))


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


def test_running_sync_is_mentioned_and_the_product_answers(valley, known_sync, product, chain, student):
    known_sync(valley)
    with district_lock(product, valley.id, on_wait=lambda: None):
        steps = chain("--person", student["id"])
    assert [steps[name]["state"] for name in ("In Clever", "Read", "Account", "Classes")] == ["unknown"] * 2 + [
        "ok"
    ] * 2
    assert "is running" in steps["In Clever"]["says"]
    assert whose(steps) == "sync"


def test_missing_file_is_mentioned_and_the_product_answers(valley, known_sync, chain, student):
    known_sync(valley)
    (read_settings().districts_folder / f"{valley.id}.duckdb").unlink()
    steps = chain("--person", student["id"])
    assert [steps[name]["state"] for name in ("In Clever", "Account", "Next")] == ["unknown", "ok", "unknown"]
    assert not (read_settings().districts_folder / f"{valley.id}.duckdb").exists()
    assert chain("--section", classes_of(valley, student)[0])["Students"]["state"] == "ok"


def test_sync_waits_undisturbed_for_a_reading_question(valley, known_sync, sync, product):
    known_sync(valley)
    opened, folder = threading.Event(), read_settings().districts_folder

    def ask():
        with transaction(product) as pg, open_file(pg, folder, valley.id):
            opened.set()
            time.sleep(2)

    asking = threading.Thread(target=ask)
    asking.start()
    assert opened.wait(120)
    assert sync(valley).exit_code == 0
    asking.join()


def test_question_changes_no_row_and_no_file(valley, known_sync, product, why, student):
    known_sync(valley)
    folder = read_settings().districts_folder

    def everything():
        files = {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}
        return row_versions(product, without=()), files

    before = everything()
    for asked in (("--person", student["id"]), ("--section", classes_of(valley, student)[0]), ("--email", "a@b.cd")):
        why(*asked)
    assert everything() == before


def test_email_in_two_districts_gives_two_separate_reports(valley, hamlet, quick_sync, product, answer, why, student):
    twin = set_user(hamlet, users_of(hamlet, "student")[0], email=student["email"], first="Kim", last="Lund")
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
