"""The commands reviews, resolve, undo and connect: output, exit codes and the snapshot."""

import json

import duckdb

from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.accounts import ACCOUNT, LINK, set_user
from roster_pipeline_tests.support.decisions import classes_of
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import execute, live_rows, query
from roster_pipeline_tests.support.scripts import (
    complaint,
    script,  # noqa: F401 - fixtures
)


def test_review_is_resolved_and_undone_by_command(
    valley,
    quick_sync,
    product,
    script,
):
    student = set_user(valley, users_of(valley, "student")[0], email="tom.reed@example.org", first="Tom", last="Reed")
    own = execute(product, ACCOUNT, email=student["email"], first="Ann", last="Other", role="student")
    quick_sync(valley, snapshot=True)
    before = live_rows(product)
    listed = script("reviews")
    assert [word for word in ("name_differs", "Tom Reed", "Ann Other", "create") if word not in listed.stdout] == []
    ((review, _),) = [(one["review"], one["reason"]) for one in json.loads(script("reviews", "--json").stdout)]
    decided = script("resolve", str(review), "--as", "same", "--by", "the admin", "--json")
    assert decided.returncode == 0, decided.stderr
    answer = json.loads(decided.stdout)
    assert (answer["account_id"], answer["decided_by"]) == (own, "the admin")
    assert query(product, LINK, key=student["id"])[0][:2] == (own, "same")
    with duckdb.connect(str(read_settings().snapshots_folder / "identified" / "latest.duckdb"), read_only=True) as con:
        people = "select account_id from people where clever_id = ?"
        assert con.execute(people, [student["id"]]).fetchall() == [(own,)]
    assert script("reviews").stdout.strip() == "No accounts to review."
    undone = script("undo", str(answer["sync_id"]))
    assert undone.returncode == 0, undone.stderr
    assert live_rows(product) == before
    again = script("undo", str(answer["sync_id"]))
    assert (again.returncode, "nothing to do" in again.stdout) == (0, True)


def test_missing_review_or_sync_exits_2_with_one_line(valley, script):
    for arguments in (("resolve", "77", "--as", "create"), ("undo", "77")):
        ended = script(*arguments)
        assert ended.returncode == 2
        assert "77" in complaint(ended)


def test_changed_tier_keeps_all_and_is_reported(
    valley,
    known_sync,
    product,
    script,
):
    known_sync(valley)
    before = live_rows(product)
    refused = script("connect", valley.id, "--tier", "library")
    assert (refused.returncode, "The program makes that organization" in complaint(refused)) == (2, True)
    assert script("refresh", "--district", valley.id).returncode == 0
    said = script("connect", valley.id, "--tier", "sso_only")
    assert said.returncode == 0, said.stderr
    wanted = ("secure_sync", "sso_only", "no roster sync", f"{len(before['rosters'])} classes stay")
    assert [word for word in wanted if word not in said.stdout] == []
    ((state, summary),) = query(product, "select state, summary from roster.refresh_requests")
    assert (state, "no roster sync" in summary) == ("failed", True)
    ended = script("sync", "--district", valley.id)
    assert (ended.returncode, "sso_only" in complaint(ended)) == (2, True)
    assert live_rows(product) == before


def test_undo_by_command_counts_people_and_places(
    valley,
    quick_sync,
    known_sync,
    product,
    script,
):
    known_sync(valley)
    leaving = users_of(valley, "student")[:2]
    places = sum(len(classes_of(valley, {"id": key})) for key in leaving)
    for key in leaving:
        leave(valley, key)
    removed = quick_sync(valley)
    assert removed.held == ()
    undone = script("undo", str(removed.sync_id), "--json")
    answer = json.loads(undone.stdout)
    words = f"Back in the district: 2 students and {places} places in classes."
    assert (answer["summary"], answer["counts"]["org_memberships"]) == (words, {"update": 2})
    again = script("undo", str(answer["sync_id"]))
    assert f"Removed from the district: 2 students and {places} places in classes." in again.stdout
    assert [name for name in ("org_memberships", "roster_students", "update") if name in again.stdout] == []
