"""The command preflight: what it prints, what it writes, and that it changes nothing."""

import csv
import json
import os

import pytest

from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.accounts import ACCOUNT, MEMBER, set_user
from roster_pipeline_tests.support.console import run_command
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, row_versions
from roster_pipeline_tests.support.scripts import _dagsters_rows, _other_files, complaint

FORMULA = "=HYPERLINK(0)"


@pytest.fixture
def preflight(environment, tmp_path):
    """Runs the command for one district."""

    def run(district, *more):
        command = ["preflight", "--district", getattr(district, "id", district), *more]
        return run_command(command, os.environ | {"COLUMNS": "200"}, tmp_path)

    return run


@pytest.fixture
def people(valley, hamlet, product):
    """One person for each finding, and the accounts behind it: what to call them, to Clever id and account id."""

    def person(name, role, place, first, email):
        set_user(valley, users_of(valley, role)[place], email=email, first=first, last="Moss")
        clever_ids[name] = users_of(valley, role)[place]

    def account(name, email, role, first="Ida", member_of=None):
        account_ids[name] = execute(product, ACCOUNT, email=email, first=first, last="Moss", role=role)
        if member_of:
            execute(product, MEMBER, account=account_ids[name], role=role, admin=False, district=member_of.id)

    clever_ids, account_ids = {}, {}
    person("found", "teacher", 0, "Ida", "ida.moss@example.org")
    account("found", "ida.moss@example.org", "teacher")
    person("near", "teacher", 1, FORMULA, "uma.moss@example.org")
    account("near", "Uma.Moss@example.org", "teacher", "Uma")
    account("near, too", "umamoss@example.org ", "student", "Umi")
    person("elsewhere", "teacher", 2, "Eve", "eve.moss@example.org")
    account("elsewhere", "eve.moss@example.org", "teacher", "Everild", hamlet)
    account("near and elsewhere", "Eve.Moss@example.org", "teacher", "Evangeline", hamlet)
    person("student", "student", 0, "Tom", "tom.moss@example.org")
    account("student", "tom.moss@example.org", "teacher", "Thomasina")
    person("one", "student", 1, "Kim", "family@example.org")
    person("other", "student", 2, "Kit", "family@example.org")
    person("unusable", "student", 3, "Joe", "joe at home")
    return clever_ids, account_ids


def test_first_preflight_reports_all_and_writes_nothing(valley, preflight, product, people):
    clever_ids, account_ids = people
    before = row_versions(product, without=())
    ended = preflight(valley, "--json")
    assert ended.returncode == 0, ended.stderr
    assert row_versions(product, without=()) == before
    answer = json.loads(ended.stdout)
    everybody = len(users_of(valley, "teacher")) + len(users_of(valley, "student"))
    assert answer["counts"] == {
        "linked": 0,
        "linked_by_email": 1,
        "created": everybody - 1,
        "pending": 0,
        "near_matches": 1,
        "unusable_addresses": 1,
        "shared_addresses": 0,
        "teachers_who_are_students": 0,
        "students_who_are_teachers": 0,
        "reviews": {"email_shared": 2, "other_organization": 1, "role_differs": 1},
    }
    near = [(row["account_id"], row["account_first_name"], row["differs"]) for row in answer["near_matches"]]
    assert near == [
        (account_ids["near"], "Uma", ["case"]),
        (account_ids["near, too"], "Umi", ["dots", "whitespace"]),
    ]
    names = {key: name for name, key in clever_ids.items()}
    told = {names[row["clever_id"]]: row for row in answer["people"]}
    assert answer["people"][0]["clever_id"] == clever_ids["near"]
    assert {name: (row["findings"], row["account_id"]) for name, row in told.items()} == {
        "near": (["near_match"], account_ids["near"]),
        "elsewhere": (["other_organization"], None),
        "student": (["role_differs"], account_ids["student"]),
        "one": (["email_shared"], None),
        "other": (["email_shared"], None),
        "unusable": (["unusable_address"], None),
    }
    assert (told["student"]["account_first_name"], told["student"]["account_role"]) == ("Thomasina", "teacher")
    assert all(row["what_to_do"] for row in told.values())
    _the_files_say_the_same(valley, answer)
    assert not {word for word in ("Everild", "Evangeline", "Eve.Moss") for text in _written() if word in text}
    assert not {word for word in ("HYPERLINK", "Umi", "Thomasina", "moss@") for text in _kept(product) if word in text}


def _the_files_say_the_same(valley, answer):
    folder = read_settings().home / "preflight" / valley.id
    assert sorted(folder.iterdir()) == [folder / "people.csv", folder / "preflight.json"]
    assert [str(file) for file in sorted(folder.iterdir())] == answer.pop("files")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    assert json.loads((folder / "preflight.json").read_text(encoding="utf-8")) == answer
    with (folder / "people.csv").open(encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines))
    assert [row["Clever id"] for row in rows] == [row["clever_id"] for row in answer["people"]]
    assert rows[0]["First name"] == f"'{FORMULA}"
    assert (rows[0]["Findings"], rows[0]["Differs"]) == ("nearly the email of an account", "capital letters")
    assert (rows[0]["Email"], rows[0]["Account email"]) == ("uma.moss@example.org", "Uma.Moss@example.org")


def _written():
    return [file.read_text(encoding="utf-8") for file in (read_settings().home / "preflight").rglob("*.*")]


def _kept(product):
    """What is written beside the answer and the product's data: logs, runs, events."""
    files = [file for file in _other_files() if "preflight" not in file.parts]
    texts = [file.read_text(errors="replace") for file in files]
    return texts + [text for rows in _dagsters_rows(product).values() for text in rows]


def test_second_preflight_reports_known_and_unresolved_people(valley, quick_sync, preflight, product, people):
    clever_ids, account_ids = people
    quick_sync(valley)
    valley.put("users", valley.get("users", clever_ids["unusable"]) | {"email": "joe.moss@example.org"})
    before = row_versions(product, without=())
    ended = preflight(valley, "--json")
    assert ended.returncode == 0, ended.stderr
    assert row_versions(product, without=()) == before
    answer = json.loads(ended.stdout)
    assert (answer["counts"]["created"], answer["counts"]["linked_by_email"]) == (0, 0)
    assert answer["counts"]["unusable_addresses"] == 0
    assert answer["counts"]["reviews"] == {"email_shared": 2, "other_organization": 1, "role_differs": 1}
    near = answer["people"][0]
    assert (near["clever_id"], near["outcome"], near["account_id"]) == (
        clever_ids["near"],
        "linked",
        account_ids["near"],
    )
    assert "review" in near["what_to_do"]
    assert not {word for word in ("Everild", "Evangeline", "Eve.Moss") for text in _written() if word in text}


def test_preflight_prints_a_table_and_writes_files(valley, preflight, product, tmp_path):
    set_user(valley, users_of(valley, "teacher")[0], email="ida.moss@example.org", first="Ida", last="Moss")
    hostile = "Ida.Moss@example.org\x1b "
    execute(product, ACCOUNT, email=hostile, first="I", last="M", role="teacher")
    ended = preflight(valley, "--to", tmp_path / "for the school")
    assert ended.returncode == 0, ended.stderr
    assert "\x1b" not in ended.stdout
    line = next(line for line in ended.stdout.splitlines() if "Ida Moss" in line)
    assert "ida.moss@example.org" in line
    assert r"Ida.Moss@example.org\u001b\u0020" in line
    assert "capital letters" in line
    files = sorted((tmp_path / "for the school").iterdir())
    assert [file.name for file in files] == ["people.csv", "preflight.json"]
    assert all(str(file) in ended.stdout.replace("\n", "") for file in files)
    assert not (read_settings().home / "preflight").exists()


def test_preflight_with_a_revoked_token_exits_4_without_a_file(valley, preflight, clever):
    clever.go_wrong(("/v3.1/schools", 0, "401"))
    ended = preflight(valley)
    assert ended.returncode == 4
    assert valley.id in complaint(ended)
    assert not (read_settings().home / "preflight").exists()


@pytest.mark.parametrize("district", ["0" * 24, "../../elsewhere"])
def test_preflight_of_an_unconnected_district_exits_2(valley, preflight, district):
    ended = preflight(district)
    assert ended.returncode == 2
    assert valley.id in complaint(ended)
    assert not (read_settings().home / "preflight").exists()


def test_preflight_of_a_tier_without_rosters_exits_2(valley, preflight, product):
    execute(product, "update roster.organizations set tier = 'sso_only'")
    ended = preflight(valley)
    assert ended.returncode == 2
    assert "sso_only" in complaint(ended)
    assert not (read_settings().home / "preflight").exists()


def test_preflight_into_a_file_exits_2(valley, preflight, tmp_path):
    (tmp_path / "taken").touch()
    ended = preflight(valley, "--to", tmp_path / "taken")
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    ended = preflight(valley, "--to", tmp_path / "taken" / "below")
    assert ended.returncode == 2
    assert "--to" in complaint(ended)
