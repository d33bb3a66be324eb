"""A feed is landed in the district's file, or the file stays unchanged."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from roster_pipeline.errors import DistrictUnknown, FileDamaged, FileOutdated, RosterError
from roster_pipeline.extract.lists import read_feed
from roster_pipeline.land import LandResult, land, open_warehouse, read_land_result
from roster_pipeline.land.preview import begin_preview
from roster_pipeline.model.feed import Rejection
from roster_pipeline.model.resources import RESOURCES, SECTIONS, STUDENTS
from roster_pipeline_tests.support.fake_clever import DISTRICT, FakeClever, oid, page
from roster_pipeline_tests.support.landing import ANN, VILLAGE, feed

if TYPE_CHECKING:
    import httpx

SCHOOLING = {"student": {"school": oid(7), "schools": [oid(7), oid(8)], "sis_id": "5", "grade": "4"}}


@pytest.fixture
def con(tmp_path):
    with open_warehouse(tmp_path / "districts", DISTRICT) as opened:
        yield opened


def hashes(con, folder, *students, **others) -> list[str]:
    land(con, feed(folder, *students, **others), 1)
    table = "raw.students" if students else "raw.sections"
    return [row[0] for row in con.execute(f"SELECT content_hash FROM {table}").fetchall()]


@pytest.mark.parametrize("is_preview", [False, True])
def test_a_file_of_an_earlier_version_is_not_opened(tmp_path, is_preview):
    with open_warehouse(tmp_path, DISTRICT) as con:
        land(con, feed(tmp_path, ANN), 1)
        con.execute("ALTER TABLE raw.load_audit RENAME TO proof")
    begin_preview(tmp_path, DISTRICT)

    with (
        pytest.raises(FileOutdated, match="earlier version"),
        open_warehouse(tmp_path, DISTRICT, is_preview=is_preview),
    ):
        pass


def test_records_become_rows_in_clevers_own_shape(con, tmp_path):
    land_result = land(con, feed(tmp_path, {**ANN, "roles": SCHOOLING}), 7)
    row = con.execute("SELECT * EXCLUDE content_hash FROM raw.students").fetchall()
    roles = {"teacher": None, "student": SCHOOLING["student"]}
    assert row == [(oid(1), DISTRICT, ANN["email"], ANN["name"], roles, None, 7)]
    assert land_result == LandResult(7, VILLAGE, {r.name: int(r is STUDENTS) for r in RESOURCES}, 0, ())
    assert read_land_result(con) == land_result


def test_before_the_first_landing_there_is_nothing_to_tell(con):
    with pytest.raises(RosterError, match="No data of this district"):
        read_land_result(con)


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_table_has_kept_fields_hash_and_sync_only(con, tmp_path, resource):
    land(con, feed(tmp_path, {**ANN, "dob": "1/2/2010", "gender": "F"}), 1)
    columns = {name: kind for name, kind, *_ in con.execute(f"DESCRIBE raw.{resource.name}").fetchall()}
    assert list(columns) == [*resource.fields, "content_hash", "sync_id"]
    assert all(str(duckdb.sqltype(kind)) == columns[field] for field, kind in resource.fields.items())


@pytest.mark.parametrize(
    "same",
    [
        {**ANN, "last_modified": "2023-04-09T16:06:54.403Z"},
        {**ANN, "roles": None},
        {**ANN, "roles": {"student": {"school": "", "schools": [], "sis_id": None, "grade": None}}},
        {key: ANN[key] for key in reversed(ANN)},
    ],
)
def test_what_is_no_content_leaves_the_hash_as_it_was(con, tmp_path, same):
    assert len(set(hashes(con, tmp_path, ANN, same))) == 1


def test_blank_null_and_missing_have_one_hash(con, tmp_path):
    missing = {key: value for key, value in ANN.items() if key != "email"}
    assert len(set(hashes(con, tmp_path, missing, {**ANN, "email": None}, {**ANN, "email": ""}))) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"email": "ann@school.example "},
        {"name": {"first": "B", "last": "Ann"}},
        {"name": {"first": 'Ann","last":"B'}},
        {"roles": SCHOOLING},
        {"roles": {"teacher": SCHOOLING["student"]}},
        {"id": oid(2)},
    ],
)
def test_other_content_has_another_hash(con, tmp_path, other):
    assert len(set(hashes(con, tmp_path, ANN, {"roles": {}} | ANN | other))) == 2


def test_order_counts_for_teachers_and_not_for_students(con, tmp_path):
    section = {"id": oid(1), "teachers": [oid(2), oid(3)], "students": [oid(4), oid(5)]}
    same = {**section, "students": [oid(5), oid(4)]}
    other = {**section, "teachers": [oid(3), oid(2)]}
    first, second, third = hashes(con, tmp_path, sections=[section, same, other])
    assert len({first, second, third}) == 2


def test_both_copies_of_one_clever_id_land(con, tmp_path):
    assert land(con, feed(tmp_path, ANN, {**ANN, "email": "x"}), 1).rows["students"] == 2


def test_sync_replaces_rows_and_keeps_the_previous_proof(con, tmp_path):
    land(con, feed(tmp_path, ANN, {**ANN, "id": oid(2)}), 1)
    land(con, feed(tmp_path, ANN), 2)
    assert con.execute("SELECT id, sync_id FROM raw.students").fetchall() == [(oid(1), 2)]
    proof = "SELECT sync_id, pages, rows, rejections FROM raw.load_audit WHERE resource = 'students' ORDER BY 1"
    assert con.execute(proof).fetchall() == [(1, 1, 2, 0), (2, 1, 1, 0)]


def test_landing_the_same_sync_again_gives_the_same(con, tmp_path):
    first = land(con, feed(tmp_path, ANN), 1)
    proof = con.execute("FROM raw.load_audit ORDER BY ALL").fetchall()
    assert land(con, feed(tmp_path, ANN), 1) == first
    assert con.execute("FROM raw.load_audit ORDER BY ALL").fetchall() == proof


def test_what_was_set_aside_is_listed_for_this_sync_only(con, tmp_path):
    fault = Rejection("students", None, "id is not text", is_whole_record=True)
    aside = feed(tmp_path)
    aside = replace(aside, lists=(*aside.lists[:2], replace(aside.lists[2], rejections=(fault,)), *aside.lists[3:]))
    assert land(con, aside, 1).rejections == 1
    assert con.execute("FROM raw.rejected").fetchall() == [(1, "students", None, "id is not text", True)]
    land(con, feed(tmp_path), 2)
    assert con.execute("FROM raw.rejected").fetchall() == []


def test_emptied_resource_is_named_until_it_has_rows(con, tmp_path):
    assert land(con, feed(tmp_path), 1).emptied == ()
    assert land(con, feed(tmp_path, ANN), 2).emptied == ()
    assert land(con, feed(tmp_path), 3).emptied == ("students",)
    assert land(con, feed(tmp_path), 4).emptied == ("students",)
    assert land(con, feed(tmp_path, ANN), 5).emptied == ()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda file: file.write_bytes(zstandard.compress(b'{"id":"Ann.Example\n')),
        lambda file: file.write_bytes(b"no zstd"),
        lambda file: file.write_bytes(file.read_bytes()[:-20]),
        lambda file: file.write_bytes(zstandard.compress(b'{"id":"1"}\n')),
        lambda file: file.unlink(),
    ],
    ids=["broken", "no zstd", "cut", "too few", "gone"],
)
def test_a_file_that_is_not_what_was_read_changes_nothing(con, tmp_path, spoil):
    land(con, feed(tmp_path, ANN), 1)
    spoilt = feed(tmp_path, *({**ANN, "id": oid(n)} for n in range(50)))
    spoil(spoilt.lists[2].file)
    with pytest.raises(RosterError, match="sync again") as refused:
        land(con, spoilt, 2)
    assert "Ann" not in str(refused.value)
    assert con.execute("SELECT id, sync_id FROM raw.students").fetchall() == [(oid(1), 1)]
    assert con.execute("SELECT max(sync_id) FROM raw.load_audit").fetchall() == [(1,)]


KILLED = """
import os, sys, pathlib
from roster_pipeline.land import lists, open_warehouse
from roster_pipeline_tests.support.landing import ANN, DISTRICT, feed, oid
folder = pathlib.Path(sys.argv[1])
def killed(*_): os._exit(9)
lists.record_load_audit = killed if sys.argv[2] == "rows" else lists.record_load_audit
lists.LandResult = killed
with open_warehouse(folder / "districts", DISTRICT) as con:
    lists.land(con, feed(folder, *({**ANN, "id": oid(n)} for n in range(1000))), 2)
"""


@pytest.mark.parametrize(("moment", "rows"), [("rows", 1), ("commit", 1000)])
def test_killed_landing_leaves_old_or_new_tables(tmp_path, moment, rows):
    with open_warehouse(tmp_path / "districts", DISTRICT) as con:
        land(con, feed(tmp_path, ANN), 1)
    subprocess.run([sys.executable, "-c", KILLED, tmp_path, moment], check=False)
    with open_warehouse(tmp_path / "districts", DISTRICT) as con:
        assert con.execute("SELECT count(*) FROM raw.students").fetchall() == [(rows,)]


def test_warehouse_of_another_process_is_refused_in_one_line(tmp_path):
    hold = (
        "import sys, pathlib; from roster_pipeline.land import open_warehouse\n"
        f"with open_warehouse(pathlib.Path(sys.argv[1]), '{DISTRICT}'): print('held', flush=True); input()"
    )
    call = [sys.executable, "-c", hold, tmp_path]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        other.stdout.readline()
        with (
            pytest.raises(RosterError, match="in use by another process") as refused,
            open_warehouse(tmp_path, DISTRICT),
        ):
            pass
        other.communicate(b"\n")
    assert "\n" not in str(refused.value)


def test_file_that_is_no_warehouse_is_reported_as_damaged(tmp_path):
    file = tmp_path / f"{DISTRICT}.duckdb"
    file.write_text("no warehouse" * 1000)
    with pytest.raises(FileDamaged, match="is damaged") as refused, open_warehouse(tmp_path, DISTRICT):
        pass
    assert "\n" not in str(refused.value)
    assert refused.value.file == file


@pytest.mark.parametrize("district_id", ["", "../../etc/passwd", "58DA8A43CC70AB00017A1A87", DISTRICT + "\n"])
def test_an_id_that_is_none_of_clevers_names_no_file(tmp_path, district_id):
    with pytest.raises(DistrictUnknown), open_warehouse(tmp_path, district_id):
        pass
    assert list(tmp_path.iterdir()) == []


text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=5)
people = st.builds(
    lambda email, first, schools: {
        "email": email,
        "name": {"first": first},
        "roles": {"student": {"schools": schools}},
    },
    st.none() | text,
    text,
    st.lists(text, max_size=3),
)


def digest(records: list[dict[str, object]], size: int) -> str:
    """Reads these students through the real client, so many a page, and lands them."""

    def answer(request: httpx.Request) -> httpx.Response:
        at = int(request.url.params.get("starting_after", "0"), 16)
        return page(
            records[at : at + size],
            f"/v3.1/users?starting_after={oid(at + size)}" if at + size < len(records) else None,
        )

    with (
        tempfile.TemporaryDirectory() as folder,
        FakeClever(answer).client() as client,
        duckdb.connect() as con,
    ):
        land(con, read_feed(client, DISTRICT, Path(folder), resources=(STUDENTS,)), 1)
        return con.execute("SELECT content_digest FROM raw.load_audit").fetchall()[0][0]


@settings(max_examples=25, deadline=None)
@given(st.lists(people, max_size=8), st.integers(1, 4), st.randoms(use_true_random=False))
def test_neither_pages_nor_order_change_what_landed(given_people, size, random):
    records = [{"id": oid(number), **person} for number, person in enumerate(given_people)]
    shuffled = random.sample(records, len(records))
    assert digest(records, len(records) + 1) == digest(shuffled, size)


def test_other_content_has_another_digest():
    assert digest([ANN], 1) != digest([{**ANN, "email": "x"}], 1)
    assert digest([ANN], 1) != digest([ANN, ANN], 1)


def test_the_landed_tables_hold_every_member_of_a_section(con, tmp_path):
    members = [oid(n) for n in range(30)]
    land(con, feed(tmp_path, sections=[{"id": oid(1), "students": members}]), 1)
    assert con.execute(f"SELECT students FROM raw.{SECTIONS.name}").fetchall() == [(members,)]
