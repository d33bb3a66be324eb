"""Read a folder of OneRoster files, as `export oneroster` writes it, as the Clever objects of a district.

What the export made because Clever had no value is left out again.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from roster_pipeline.errors import CannotStart
from roster_pipeline.model.oneroster import GRADES, MADE, MADE_ROW, MANIFEST
from roster_pipeline.sandbox.api.collection import Object

CLEVER_GRADES = {code: grade for grade, code in GRADES.items()}
Row = Mapping[str, str]


class OneRosterRefused(CannotStart):
    """The folder does not hold the files of one district."""


def is_oneroster(folder: Path) -> bool:
    """Return whether a folder holds OneRoster files."""
    return (folder / f"{MANIFEST}.csv").exists()


def read_oneroster(folder: Path) -> dict[str, list[Object]]:
    """Return the objects of a district by list, the district itself among them.

    Raises:
        OneRosterRefused: a file or a column is missing, or `orgs.csv` does not hold exactly one district.
    """
    try:
        return _read_lists(folder)
    except FileNotFoundError as error:
        raise OneRosterRefused(f"Cannot read {error.filename}. Export the district again.") from None
    except KeyError as error:
        raise OneRosterRefused(f"A file in {folder} has no column {error}. Export the district again.") from None


def _read_lists(folder: Path) -> dict[str, list[Object]]:
    orgs = list(_read(folder, "orgs"))
    districts = [row for row in orgs if row["type"] == "district"]
    if len(districts) != 1:
        raise OneRosterRefused(f"{folder / 'orgs.csv'} holds {len(districts)} districts. It must hold one.")
    key = districts[0]["sourcedId"]
    lists: dict[str, Iterator[Object]] = {
        "districts": ({"id": key, "name": _own(row, "name") or "", "state": "success"} for row in districts),
        "schools": (_school(row) for row in orgs if row["type"] == "school"),
        "users": _users(folder, key),
        "sections": _sections(folder, key),
        "terms": (_term(row) for row in _read(folder, "academicSessions")),
        "courses": (_course(row) for row in _read(folder, "courses")),
    }
    return {
        name: [item if name == "districts" else {**item, "district": key} for item in items]
        for name, items in lists.items()
    }


def _school(row: Row) -> Object:
    return _object(id=row["sourcedId"], name=_own(row, "name"), nces_id=row["identifier"])


def _term(row: Row) -> Object:
    dates = {"start_date": _own(row, "startDate"), "end_date": _own(row, "endDate")}
    return _object(id=row["sourcedId"], name=_own(row, "title"), **dates)


def _course(row: Row) -> Object:
    return _object(id=row["sourcedId"], name=_own(row, "title"), number=row["courseCode"])


def _users(folder: Path, district: str) -> Iterator[Object]:
    """Yield the users. Version 1.2 has their roles and schools in a file of its own."""
    roles: dict[str, list[Row]] = defaultdict(list)
    has_roles = (folder / "roles.csv").exists()
    for row in _read(folder, "roles") if has_roles else ():
        roles[row["userSourcedId"]].append(row)
    for row in _read(folder, "users"):
        own = roles[row["sourcedId"]]
        role = own[0]["role"] if has_roles else row["role"]
        orgs = [each["orgSourcedId"] for each in own] if has_roles else row["orgSourcedIds"].split(",")
        schools = [org for org in orgs if org != district]
        first = row["primaryOrgSourcedId"] if has_roles else orgs[0]
        main = "" if _is_made(row, "primaryOrgSourcedId") else first
        part = _object(school=main, schools=schools, grade=_grade(row["grades"]) if role == "student" else "")
        name = _object(first=_own(row, "givenName"), last=_own(row, "familyName"))
        yield _object(id=row["sourcedId"], email=row["email"], name=name, roles={role: part})


def _sections(folder: Path, district: str) -> Iterator[Object]:
    """Yield the sections with their members. The main teacher is the first."""
    members: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in _read(folder, "enrollments"):
        members[row["classSourcedId"], row["role"]].append(row)
    made = {
        row["sourcedId"]
        for name in ("courses", "academicSessions")
        for row in _all(folder, name)
        if row[MADE] == MADE_ROW
    }
    for row in _read(folder, "classes"):
        key = row["sourcedId"]
        teachers = sorted(members[key, "teacher"], key=lambda member: member["primary"] != "true")
        students = [member["userSourcedId"] for member in members[key, "student"]]
        has_main = any(member["primary"] == "true" for member in teachers)
        people = {"teacher": teachers[0]["userSourcedId"]} if has_main else {}
        section = _object(
            id=key,
            name=_own(row, "title"),
            school=row["schoolSourcedId"] if row["schoolSourcedId"] != district else "",
            course=row["courseSourcedId"] if row["courseSourcedId"] not in made else "",
            term_id=row["termSourcedIds"] if row["termSourcedIds"] not in made else "",
            grade=_grade(row["grades"]),
            subject=row["subjects"],
            period=row["periods"],
        )
        yield {**section, **people, "teachers": [each["userSourcedId"] for each in teachers], "students": students}


def _read(folder: Path, name: str) -> Iterator[Row]:
    """Yield the rows of a file that Clever has."""
    return (row for row in _all(folder, name) if row[MADE] != MADE_ROW)


def _all(folder: Path, name: str) -> Iterator[Row]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _own(row: Row, column: str) -> str | None:
    """Return a value, or None if the export made it."""
    return None if _is_made(row, column) else row[column]


def _is_made(row: Row, column: str) -> bool:
    return column in row[MADE].split()


def _grade(code: str) -> str:
    return CLEVER_GRADES.get(code, code)


def _object(**fields: Any) -> Object:
    """Return an object without the fields that have no value."""
    return {name: value for name, value in fields.items() if value not in ("", None)}
