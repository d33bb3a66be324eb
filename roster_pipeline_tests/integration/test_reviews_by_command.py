"""The commands reviews and resolve --all: what they show and confirm, and what a script may decide."""

import io
import json
import sys

import duckdb
import pytest

from roster_pipeline.cli.resolve import resolve
from roster_pipeline.cli.reviews import reviews
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.accounts import ACCOUNT, set_user
from roster_pipeline_tests.support.decisions import link_of
from roster_pipeline_tests.support.merged import (
    STATE,
    merge,  # noqa: F401 - fixtures
)
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import contents, execute, live_rows, query
from roster_pipeline_tests.support.scripts import (
    complaint,
    script,  # noqa: F401 - fixtures
)

ALL = ("resolve", "--all", "--reason", "other_organization", "--as", "relink")
IN_SNAPSHOT = "select district_id from people where email = 'tom@example.org'"


class Terminal(io.StringIO):
    """A terminal into which a person types this."""

    def isatty(self):
        return True


def test_shared_email_is_one_entry_with_both_people(valley, hamlet, quick_sync, capsys, environment):
    first, second = users_of(valley, "student")[:2]
    for key, last in ((first, "Reed"), (second, "Moss")):
        set_user(valley, key, email="family@example.org", first="Tom", last=last)
    quick_sync(valley)
    reviews(valley.id, as_json=True)
    (entry,) = json.loads(capsys.readouterr().out)
    assert (sorted(entry["clever_ids"]), len(entry["reviews"])) == (sorted([first, second]), 2)
    assert set(entry["decisions"]) == {"link", "create"}
    assert (entry["review"], entry["reason"], entry["suggestion"]) == (entry["reviews"][0], "email_shared", "create")
    reviews()
    shown = capsys.readouterr().out
    wanted = (
        "2 accounts to review",
        "Tom Reed",
        "Tom Moss",
        first,
        second,
        "link: This person gets the email",
        entry["meaning"],
    )
    assert [word for word in wanted if word not in shown] == []
    for nothing in ({"district": hamlet.id}, {"reason": "name_differs"}):
        reviews(**nothing)
        assert capsys.readouterr().out.strip() == "No accounts to review."


def test_person_who_has_the_email_is_named_with_the_claimant(valley, quick_sync, capsys, environment):
    first, second = users_of(valley, "student")[:2]
    set_user(valley, first, email="tom@example.org", first="Tom", last="Reed")
    quick_sync(valley)
    valley.put("users", valley.get("users", second) | {"email": "tom@example.org"})
    quick_sync(valley)
    reviews(reason="email_shared", as_json=True)
    (entry,) = json.loads(capsys.readouterr().out)
    assert (entry["clever_id"], set(entry["clever_ids"])) == (second, {first, second})


def test_script_resolves_all_only_with_the_shown_count(
    merge,
    valley,
    hamlet,
    product,
    script,
):
    _, new = merge()
    before = contents(product, without=())
    for arguments, said in (((), "--count"), (("--count", "4"), "3 reviews of this reason are open, not 4")):
        refused = script(*ALL, *arguments)
        assert (refused.returncode, said in complaint(refused)) == (2, True)
    for wrong in (
        ("resolve", "1", "--all", "--as", "create"),
        ("resolve", "--as", "create"),
        ("resolve", "--all", "--as", "create"),
    ):
        assert script(*wrong).returncode == 2
    assert contents(product, without=()) == before
    live = live_rows(product)
    done = script(*ALL, "--district", valley.id, "--count", "3", "--by", "the admin", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (len(answer["reviews"]), answer["refused"], answer["decided_by"]) == (3, {}, "the admin")
    assert answer["summary"].startswith("3 people have another account. ")
    assert {link_of(product, one)[1] for one in new} == {"relink"}
    with duckdb.connect(str(read_settings().snapshots_folder / "identified" / "latest.duckdb"), read_only=True) as con:
        assert con.execute(IN_SNAPSHOT).fetchall() == [(valley.id,)]
    undone = script("undo", str(answer["sync_id"]))
    assert undone.returncode == 0, undone.stderr
    assert live_rows(product) == live
    assert [
        word for word in ("3 people have another account", "3 reviews are open again") if word not in undone.stdout
    ] == []
    with duckdb.connect(str(read_settings().snapshots_folder / "identified" / "latest.duckdb"), read_only=True) as con:
        assert con.execute(IN_SNAPSHOT).fetchall() == [(hamlet.id,)]


@pytest.mark.parametrize(("typed", "rule"), [("y\n", "relink"), ("n\n", "created")])
def test_terminal_resolves_all_after_asking_for_the_count(
    merge,
    product,
    capsys,
    monkeypatch,
    typed,
    rule,
):
    _, new = merge()
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    resolve("relink", every=True, reason="other_organization")
    shown = capsys.readouterr().out
    assert [word for word in (*(one["id"] for one in new), "all 3 as relink?") if word not in shown] == []
    assert {link_of(product, one)[1] for one in new} == {rule}


def test_bulk_resolution_needs_one_district(
    valley,
    hamlet,
    quick_sync,
    product,
    script,
):
    for district, first in ((valley, "Tom"), (hamlet, "Kim")):
        email = f"{first.lower()}@example.org"
        set_user(district, users_of(district, "student")[0], email=email, first=first, last="Reed")
        execute(product, ACCOUNT, email=email, first="Ann", last="Other", role="student")
        quick_sync(district)
    command = ("resolve", "--all", "--reason", "name_differs", "--as", "create")
    refused = script(*command, "--count", "2")
    assert (refused.returncode, "in 2 districts" in complaint(refused)) == (2, True)
    done = script(*command, "--district", hamlet.id, "--count", "1")
    assert done.returncode == 0, done.stderr
    assert query(product, "select count(*) from roster.reviews where state = 'open'") == [(1,)]


def test_relink_is_offered_after_a_later_disconnection(
    merge,
    hamlet,
    product,
    capsys,
):
    merge("active")
    offered = []
    for state in ("active", "disconnected"):
        execute(product, STATE, state=state, key=hamlet.id)
        reviews(as_json=True)
        entries = json.loads(capsys.readouterr().out)
        offered.append({(entry["suggestion"], *entry["decisions"]) for entry in entries})
        assert {entry["account"] for entry in entries} == {None}
    assert offered == [{("create", "create")}, {("relink", "relink", "create")}]
