"""The sandbox serves a folder of Clever objects."""

import json

import httpx
import pytest

from roster_pipeline.errors import CannotStart
from roster_pipeline.sandbox.api.server import running_sandbox
from roster_pipeline.sandbox.data.recorded import load_district
from roster_pipeline.sandbox.data.school_day import school_day

DISTRICT = "d" * 24


@pytest.fixture
def folder(tmp_path, village):
    """The village written down as the five files."""
    for name in ("schools", "users", "sections", "terms", "courses"):
        lines = [json.dumps(item, ensure_ascii=False) for item in village.resources[name].values()]
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return tmp_path


def test_a_written_district_comes_back_as_it_was(folder, village):
    given = load_district(folder)

    assert given.id == village.id
    assert given.name == folder.name
    assert {name: dict(given.resources[name]) for name in ("users", "sections")} == {
        name: dict(village.resources[name]) for name in ("users", "sections")
    }


def test_a_districts_file_gives_the_districts_own_record(folder, village):
    (folder / "districts.jsonl").write_text(json.dumps({"id": village.id, "name": "Named", "state": "paused"}))

    given = load_district(folder)

    assert (given.name, given.get("districts", given.id)["state"]) == ("Named", "paused")


def test_school_days_pass_in_a_recorded_district(folder):
    given = load_district(folder)

    assert school_day(given, 1, seed=2).transfers > 0


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("users.jsonl", None, "users.jsonl"),
        ("users.jsonl", "{", "line 1 is no JSON object"),
        ("users.jsonl", "[]", "line 1 is no JSON object"),
        ("users.jsonl", '{"id": "a"}', "line 1 has no 'roles'"),
        ("sections.jsonl", '{"id": "a"}', "line 1 has no 'students'"),
        ("terms.jsonl", '{"name": "S1"}', "line 1 has no 'id'"),
        ("terms.jsonl", '{"id": "a"}\n{"id": "a"}', "an id twice"),
        ("terms.jsonl", json.dumps({"id": "a", "district": DISTRICT}), "name 2 districts"),
        ("districts.jsonl", '{"id": "a"}\n{"id": "b"}', "2 districts"),
    ],
)
def test_a_folder_that_cannot_be_served_is_refused_in_one_line(folder, name, text, complaint):
    if text is None:
        (folder / name).unlink()
    else:
        (folder / name).write_text(text)

    with pytest.raises(CannotStart, match=complaint) as refused:
        load_district(folder)

    assert "\n" not in str(refused.value)


def test_the_recorded_demo_district_is_served_whole(shared):
    district = load_district(shared / "data" / "clever-demo-district")
    bearer = {"authorization": f"Bearer {district.token}"}

    with running_sandbox([district]) as sandbox, httpx.Client(base_url=sandbox.url, headers=bearer) as client:
        students = client.get("/v3.1/users?role=student&count=true").json()["count"]
        teachers = client.get("/v3.1/users?role=teacher&count=true").json()["count"]
        sections = client.get("/v3.1/sections?limit=10000").json()["data"]

    assert (students, teachers, len(sections)) == (1_004, 89, 379)
    assert sum(len(section["data"]["students"]) for section in sections) == 8_963
