"""A district that is exported as OneRoster and loaded again has the same people, classes and terms."""

import csv
from pathlib import Path

import pytest

from roster_pipeline.errors import CannotStart
from roster_pipeline.model.oneroster import VERSIONS
from roster_pipeline.oneroster.check import check_folder
from roster_pipeline.oneroster.export import export_district
from roster_pipeline.sandbox.data.district import SandboxDistrict
from roster_pipeline.sandbox.data.recorded import load_district
from roster_pipeline_tests.support.hostile_text import OWN, babel
from roster_pipeline_tests.support.readers import difference, empty, published
from roster_pipeline_tests.support.rule_book import expect

SAME = ("members", "school_members", "rosters", "teachers", "students", "terms", "courses")


def without_places(expected):
    """Return the rows that OneRoster has columns for. A school keeps its name and its NCES id. A blank name is none."""
    schools = {key: (name, nces_id) for key, (name, _, nces_id, *_) in expected.schools.items()}
    people = {key: (row[0], row[1] or None, row[2] or None, *row[3:]) for key, row in expected.people.items()}
    return {"schools": schools, "people": people} | {name: getattr(expected, name) for name in SAME}


def round_trip(product, quick_sync, district, version, folder):
    """Return what the product has of a district before an export, and after it was emptied and synced from it."""
    quick_sync(district)
    before = published(product, district.id)
    export_district(product, district.id, version, folder)
    empty(product)
    loaded = load_district(folder)
    assert loaded.id == district.id
    return before, loaded


@pytest.mark.parametrize("version", VERSIONS)
def test_exported_district_comes_back_as_it_was(connect, quick_sync, product, valley, tmp_path, version):
    before, loaded = round_trip(product, quick_sync, valley, version, tmp_path / "out")
    connect(loaded)
    quick_sync(loaded)
    assert without_places(published(product, valley.id)) == without_places(before)


@pytest.mark.parametrize("version", VERSIONS)
def test_hostile_text_survives_the_files(connect, quick_sync, product, tmp_path, version):
    district = connect(babel(OWN))
    quick_sync(district)
    before = published(product, district.id)
    export_district(product, district.id, version, tmp_path / "out")
    after = expect(load_district(tmp_path / "out"))
    assert without_places(after) == without_places(before)


def test_missing_names_terms_and_courses_are_marked(connect, quick_sync, product, tmp_path):
    key = f"{1:024x}"
    own = {"district": f"{9:024x}"}
    district = connect(
        SandboxDistrict(
            {"id": own["district"], "name": "Bare"},
            {
                "schools": [{**own, "id": f"{2:024x}"}],
                "users": [{**own, "id": key, "roles": {"student": {}}}],
                "sections": [{**own, "id": f"{3:024x}", "name": "", "students": [key]}],
                "terms": [{**own, "id": f"{4:024x}"}],
                "courses": [],
            },
        )
    )
    quick_sync(district)
    rows = export_district(product, district.id, "1.2", tmp_path / "out")
    made = {
        name: [row["metadata.made"] for row in csv.DictReader((tmp_path / "out" / f"{name}.csv").open(newline=""))]
        for name in ("orgs", "academicSessions", "courses", "classes", "users")
    }
    assert made == {
        "orgs": ["name", ""],
        "academicSessions": ["title startDate endDate", "row"],
        "courses": ["row"],
        "classes": ["title"],
        "users": ["givenName familyName primaryOrgSourcedId"],
    }
    assert rows["enrollments"] == 1
    assert without_places(expect(load_district(tmp_path / "out"))) == without_places(published(product, district.id))


def test_equal_data_gives_equal_private_files(quick_sync, product, valley, tmp_path):
    quick_sync(valley)
    folders = [tmp_path / name for name in ("one", "two")]
    for folder in folders:
        export_district(product, valley.id, "1.1", folder)
        assert check_folder(folder, "1.1") == []
    one, two = ({file.name: file.read_bytes() for file in folder.iterdir()} for folder in folders)
    assert one == two
    assert {oct(path.stat().st_mode)[-3:] for path in folders[0].iterdir()} == {"600"}
    assert "demographics.csv" not in one


def test_export_that_cannot_be_complete_leaves_nothing(quick_sync, product, valley, tmp_path):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "own.txt").write_text("mine")
    with pytest.raises(CannotStart, match="not empty"):
        export_district(product, valley.id, "1.1", tmp_path / "full")
    with pytest.raises(CannotStart, match="no published data"):
        export_district(product, valley.id, "1.1", tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["full"]
    assert [path.name for path in (tmp_path / "full").iterdir()] == ["own.txt"]


def test_files_that_break_a_rule_are_not_left(quick_sync, product, valley, tmp_path, monkeypatch):
    quick_sync(valley)
    monkeypatch.setattr("roster_pipeline.oneroster.export.list_manifest", lambda _: {"oneroster.version": "1.0"})
    with pytest.raises(Exception, match="breaks the rules"):
        export_district(product, valley.id, "1.1", tmp_path / "out")
    assert not any("out" in path.name for path in tmp_path.iterdir())


def test_difference_of_a_round_trip_is_seen(quick_sync, product, valley, tmp_path):
    """The comparison of these tests is not blind."""
    quick_sync(valley)
    before = published(product, valley.id)
    export_district(product, valley.id, "1.1", tmp_path / "out")
    users = tmp_path / "out" / "users.csv"
    users.write_bytes(users.read_bytes().replace(b",student,", b",teacher,", 1))
    assert difference(expect(load_district(tmp_path / "out")), before) != {}


def test_export_to_the_folder_of_the_command_fills_it(quick_sync, product, valley, tmp_path, monkeypatch):
    quick_sync(valley)
    folder = tmp_path / "out"
    folder.mkdir()
    monkeypatch.chdir(folder)
    export_district(product, valley.id, "1.2", Path())
    assert check_folder(folder, "1.2") == []
