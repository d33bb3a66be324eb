"""Students among the teachers of a class and teachers among its students (docs/rules.md R4.13, R4.14)."""

import json
import sys

import duckdb
import pytest

from roster_pipeline.cli import main
from roster_pipeline.explain.finding_words import describe_person
from roster_pipeline.explain.preflight import read_findings
from roster_pipeline.land import open_warehouse
from roster_pipeline.messages import product as words_of
from roster_pipeline.settings import read_settings
from roster_pipeline_tests.support.readers import difference, published
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.seen import flagged, person_of, roster_of

TEACHERS, STUDENTS = "students_listed_as_teachers", "teachers_listed_as_students"


@pytest.fixture
def why(environment, monkeypatch, capsys):
    """The steps, by name, of what the command answers about one person or class."""

    def asked(*arguments):
        monkeypatch.setattr(sys, "argv", ["roster-pipeline", "why", *arguments, "--json"])
        with pytest.raises(SystemExit) as ended:
            main()
        assert ended.value.code == 0
        (chain,) = json.loads(capsys.readouterr().out)["chains"]
        return {step["name"]: step for step in chain["steps"]}

    return asked


@pytest.fixture
def mixed(town):
    """A class whose lists hold one of the other role each; gives class, teacher, student."""
    teacher, student = town.teacher(1), town.student(1)
    town.teacher(2)
    town.student(2)
    section = town.section(1, teachers=[student, teacher], students=[student, teacher, town.student(2)])
    return section, teacher, student


def test_person_in_the_wrong_list_has_only_the_own_role(town, mixed, quick_sync, known_sync, product):
    section, teacher, student = mixed
    known_sync(town)
    assert difference(expect(town), published(product, town.id)) == {}
    roster = roster_of(product, section)
    assert roster.teachers == {teacher: "co-teacher"}
    assert roster.students == dict.fromkeys((student, town.student(2)), "live")
    assert roster.awaited == {}
    assert (flagged(town, TEACHERS), flagged(town, STUDENTS)) == ({student}, {teacher})
    assert quick_sync(town).total == 0


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_teacher_becomes_a_student_and_teaches_again(town, quick_sync, product, mode):
    section = town.section(1, teachers=[town.teacher(1), town.teacher(2)], students=[town.student(1)])
    quick_sync(town)
    town.edit("users", town.teacher(1), roles={"student": town.role(1)})
    quick_sync(town, mode=mode)
    assert roster_of(product, section).teachers == {town.teacher(1): "ended", town.teacher(2): "co-teacher"}
    town.edit("users", town.teacher(1), roles={"teacher": town.role(1)})
    quick_sync(town, mode=mode)
    assert roster_of(product, section).teachers == {town.teacher(1): "primary", town.teacher(2): "co-teacher"}


def test_pending_teacher_who_comes_as_a_student_is_dropped(town, quick_sync, product):
    section = town.section(1, teachers=[town.student(1), town.teacher(1)])
    student = town.student(1)
    town.leave(student)
    quick_sync(town)
    assert roster_of(product, section).awaited == {student: "teacher"}
    town.student(1)
    quick_sync(town)
    assert (roster_of(product, section).awaited, student in roster_of(product, section).teachers) == ({}, False)
    assert person_of(product, student).teaches == {}


def test_why_asks_the_district_to_correct_the_wrong_list(town, mixed, known_sync, why):
    section, teacher, student = mixed
    known_sync(town)
    for person, finding in ((student, "teacher_is_student"), (teacher, "student_is_teacher")):
        steps = why("--person", person)
        (item,) = [item for item in steps["Classes"]["items"] if item["state"] == "not placed"]
        assert (item["facts"]["section_id"], item["facts"]["finding"]) == (section, finding)
        assert (steps["Classes"]["state"], steps["Next"]["facts"]["whose"]) == ("waiting", "district")
    steps = why("--section", section)
    found = {
        item["facts"]["finding"]: item
        for step in steps.values()
        for item in step["items"]
        if "finding" in item["facts"]
    }
    assert {name: item["facts"]["clever_id"] for name, item in found.items()} == {
        "teacher_is_student": student,
        "student_is_teacher": teacher,
    }
    assert "R4.13" in found["teacher_is_student"]["says"]
    assert steps["Next"]["facts"]["whose"] == "district"


def test_preflight_reports_people_in_the_wrong_list(town, mixed, known_sync):
    _, teacher, student = mixed
    known_sync(town)
    with open_warehouse(read_settings().districts_folder, town.id) as con:
        found = read_findings(con)
    counts = [found.counts[key] for key in ("teachers_who_are_students", "students_who_are_teachers", "reviews")]
    assert counts == [1, 1, {}]
    people = {row["clever_id"]: describe_person(row, words_of()) for row in found.people}
    assert people[student]["findings"] == "a class lists this student among its teachers"
    assert people[teacher]["findings"] == "a class lists this teacher among its students"


def test_file_of_another_version_lets_the_product_answer_alone(town, mixed, known_sync, why):
    section, _, student = mixed
    known_sync(town)
    with duckdb.connect(read_settings().districts_folder / f"{town.id}.duckdb") as con:
        con.execute("alter table intermediate.int_section_members drop column finding")
    assert why("--person", student)["In Clever"]["state"] == "unknown"
    assert why("--section", section)["In Clever"]["state"] == "unknown"
