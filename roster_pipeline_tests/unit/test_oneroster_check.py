"""The check of OneRoster files finds each kind of fault, and none in sound files."""

import csv

import pytest

from roster_pipeline.model.oneroster import FILES, MADE, VERSIONS, list_manifest
from roster_pipeline.oneroster.check import check_folder

DISTRICT, SCHOOL, TERM, COURSE, CLASS, STUDENT, TEACHER = (f"id-{number}" for number in range(7))
ROWS = {
    "orgs": [
        {"sourcedId": DISTRICT, "name": "District", "type": "district"},
        {"sourcedId": SCHOOL, "name": "School", "type": "school", "parentSourcedId": DISTRICT},
    ],
    "academicSessions": [
        {
            "sourcedId": TERM,
            "title": "Fall",
            "type": "term",
            "startDate": "2031-08-04",
            "endDate": "2031-12-19",
            "schoolYear": "2032",
        }
    ],
    "courses": [{"sourcedId": COURSE, "title": "Algebra", "orgSourcedId": DISTRICT}],
    "classes": [
        {
            "sourcedId": CLASS,
            "title": "Algebra 1",
            "courseSourcedId": COURSE,
            "classType": "scheduled",
            "schoolSourcedId": SCHOOL,
            "termSourcedIds": TERM,
        }
    ],
    "users": [
        {
            "sourcedId": key,
            "enabledUser": "true",
            "orgSourcedIds": f"{SCHOOL},{DISTRICT}",
            "role": role,
            "username": key,
            "givenName": "Ada",
            "familyName": "Lee",
            "primaryOrgSourcedId": SCHOOL,
        }
        for key, role in ((STUDENT, "student"), (TEACHER, "teacher"))
    ],
    "roles": [
        {"sourcedId": f"r-{key}", "userSourcedId": key, "roleType": "primary", "role": role, "orgSourcedId": SCHOOL}
        for key, role in ((STUDENT, "student"), (TEACHER, "teacher"))
    ],
    "enrollments": [
        {
            "sourcedId": f"e-{key}",
            "classSourcedId": CLASS,
            "schoolSourcedId": SCHOOL,
            "userSourcedId": key,
            "role": role,
            "primary": "false",
        }
        for key, role in ((STUDENT, "student"), (TEACHER, "teacher"))
    ],
}


def write(folder, version, rows=ROWS, **manifest):
    """Write sound files, with some properties of the manifest replaced."""
    with (folder / "manifest.csv").open("w", newline="") as stream:
        properties = list_manifest(version) | {name.replace("__", "."): value for name, value in manifest.items()}
        csv.writer(stream).writerows([("propertyName", "value"), *properties.items()])
    for name, rules in FILES[version].items():
        with (folder / f"{name}.csv").open("w", newline="") as stream:
            writer = csv.DictWriter(stream, (*rules.columns, MADE), extrasaction="ignore")
            writer.writeheader()
            writer.writerows(rows[name])


def replaced(name, place, /, **values):
    """Return the rows with some values of one row replaced."""
    rows = [dict(row) for row in ROWS[name]]
    rows[place] |= values
    return ROWS | {name: rows}


def rules_of(folder, version):
    return {(fault.file, fault.column, fault.line, fault.rule) for fault in check_folder(folder, version)}


@pytest.mark.parametrize("version", VERSIONS)
def test_sound_files_have_no_fault(tmp_path, version):
    write(tmp_path, version)
    assert check_folder(tmp_path, version) == []


@pytest.mark.parametrize(
    ("version", "name", "column"),
    [
        (version, name, column)
        for version in VERSIONS
        for name, rules in FILES[version].items()
        for column in rules.required
    ],
)
def test_each_missing_required_value_is_found(tmp_path, version, name, column):
    write(tmp_path, version, replaced(name, 0, **{column: ""}))
    assert (name, column, 1, "a required value is missing") in rules_of(tmp_path, version)


@pytest.mark.parametrize(
    ("version", "name", "column"),
    [
        (version, name, column)
        for version in VERSIONS
        for name, rules in FILES[version].items()
        for column in rules.values
    ],
)
def test_each_value_outside_its_enumeration_is_found(tmp_path, version, name, column):
    write(tmp_path, version, replaced(name, 0, **{column: "other"}))
    assert rules_of(tmp_path, version) == {(name, column, 1, "the value is not one of the allowed values")}


@pytest.mark.parametrize(
    ("version", "name", "column", "file"),
    [
        (version, name, column, file)
        for version in VERSIONS
        for name, rules in FILES[version].items()
        for column, file in rules.references.items()
    ],
)
def test_each_dangling_reference_is_found(tmp_path, version, name, column, file):
    write(tmp_path, version, replaced(name, 0, **{column: f"{ROWS[file][0]['sourcedId']},nobody"}))
    assert rules_of(tmp_path, version) == {(name, column, 1, f"the id is not in {file}.csv")}


@pytest.mark.parametrize(("version", "name"), [(version, name) for version in VERSIONS for name in FILES[version]])
def test_id_that_occurs_twice_is_found(tmp_path, version, name):
    twice = ROWS | {name: [*ROWS[name], ROWS[name][0]]}
    write(tmp_path, version, twice)
    line = len(ROWS[name]) + 1
    assert (name, "sourcedId", line, "the id occurs twice") in rules_of(tmp_path, version)


def test_values_that_must_be_unique_together_are_found(tmp_path):
    write(
        tmp_path, "1.2", ROWS | {"enrollments": [*ROWS["enrollments"], ROWS["enrollments"][0] | {"sourcedId": "e-3"}]}
    )
    assert {rule for *_, rule in rules_of(tmp_path, "1.2")} == {"the values occur twice"}


@pytest.mark.parametrize("version", VERSIONS)
def test_columns_in_another_order_are_found(tmp_path, version):
    for name in FILES[version]:
        write(tmp_path, version)
        file = tmp_path / f"{name}.csv"
        header, rest = file.read_text().split("\n", 1)
        first, second, *others = header.split(",")
        file.write_text("\n".join([",".join([second, first, *others]), rest]))
        assert {(fault.file, fault.rule) for fault in check_folder(tmp_path, version) if fault.file == name} == {
            (name, "the columns are not those of the version, in their order")
        }


def test_columns_of_the_other_version_are_found(tmp_path):
    write(tmp_path, "1.2")
    assert ("users", None, None, "the columns are not those of the version, in their order") in rules_of(
        tmp_path, "1.1"
    )


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"startDate": "08/04/2031"}, "the value is no date as 2031-08-04"),
        ({"endDate": "2031-13-01"}, "the value is no date as 2031-08-04"),
        ({"schoolYear": "31"}, "the value is no year as 2031"),
        ({"status": "active"}, "the value must be empty in a bulk file"),
        ({"dateLastModified": "2031-08-04"}, "the value must be empty in a bulk file"),
    ],
)
def test_values_in_another_form_are_found(tmp_path, values, rule):
    write(tmp_path, "1.1", replaced("academicSessions", 0, **values))
    assert rules_of(tmp_path, "1.1") == {("academicSessions", next(iter(values)), 1, rule)}


def test_missing_and_additional_files_are_found(tmp_path):
    write(tmp_path, "1.1")
    (tmp_path / "users.csv").rename(tmp_path / "demographics.csv")
    rules = {(fault.file, fault.rule) for fault in check_folder(tmp_path, "1.1")}
    assert {("users", "the file is missing"), ("demographics", "the file is not part of the export")} <= rules


def test_row_with_too_few_or_too_many_values_is_found(tmp_path):
    write(tmp_path, "1.1")
    for text in ("short\n", "," * 40 + "\n"):
        with (tmp_path / "orgs.csv").open("a") as stream:
            stream.write(text)
    assert [fault.line for fault in check_folder(tmp_path, "1.1")] == [3, 4]


@pytest.mark.parametrize(("name", "value"), [("oneroster__version", "1.2"), ("file__users", "absent")])
def test_manifest_that_does_not_fit_the_files_is_found(tmp_path, name, value):
    write(tmp_path, "1.1", **{name: value})
    assert [fault.column for fault in check_folder(tmp_path, "1.1")] == [name.replace("__", ".")]


def test_fault_is_one_line_without_a_value_of_the_row(tmp_path):
    write(tmp_path, "1.1", replaced("users", 1, role="Secret"))
    assert [str(fault) for fault in check_folder(tmp_path, "1.1")] == [
        "users.csv, row 2, role: the value is not one of the allowed values"
    ]


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"startDate": "2031-02-31"}, ("startDate", 1, "the value is no date as 2031-08-04")),
        ({"endDate": "2031-08-03"}, ("endDate", 1, "the end is before the start")),
    ],
)
def test_days_that_cannot_be_are_found(tmp_path, values, rule):
    write(tmp_path, "1.2", replaced("academicSessions", 0, **values))
    assert rules_of(tmp_path, "1.2") == {("academicSessions", *rule)}
