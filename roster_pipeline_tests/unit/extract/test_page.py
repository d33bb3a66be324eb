"""Decoding a page: which fields are kept, which are dropped, and which records are rejected for what reason."""

from __future__ import annotations

import json

import msgspec
import pytest
from msgspec import inspect

from roster_pipeline.errors import SourceBroken
from roster_pipeline.extract.decode import Page, PageDecoder
from roster_pipeline.extract.records import RECORD_TYPES
from roster_pipeline.model.resources import (
    EMAIL_MAX_CHARS,
    RESOURCES,
    SCHOOLS,
    SECTIONS,
    STUDENTS,
    TERMS,
    TEXT_MAX_CHARS,
)
from roster_pipeline_tests.support.fake_clever import DISTRICT, OTHER, body, oid

GOOD = {
    "id": oid(1),
    "district": DISTRICT,
    "email": "a@school.example",
    "name": {"first": "Ann", "last": "B"},
}


def read(*records, resource=STUDENTS) -> Page:
    return PageDecoder(resource, DISTRICT).decode(body(list(records)), "here")


def kept(page: Page) -> list[dict[str, object]]:
    return [json.loads(line) for line in page.lines.splitlines()]


def reasons(page: Page) -> list[tuple[str | None, str, bool]]:
    return [(fault.clever_id, fault.reason, fault.is_whole_record) for fault in page.rejections]


def test_only_the_kept_fields_are_kept():
    private = {
        "dob": "3/4/2009",
        "gender": "F",
        "school": oid(7),
        "schools": [oid(7)],
        "sis_id": "5",
        "credentials": {},
    }
    person = {
        **GOOD,
        "roles": {"student": private, "contact": {"phone": "555"}},
        "location": {"zip": "11201"},
    }
    page = read(person)
    role = {"school": oid(7), "schools": [oid(7)], "sis_id": "5"}
    assert kept(page) == [{**GOOD, "roles": {"student": role}}]
    assert not page.rejections


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda resource: resource.name)
def test_the_records_have_the_fields_of_the_model_and_no_others(resource):
    names = {field.name for field in msgspec.structs.fields(RECORD_TYPES[resource.name])}
    assert names == set(resource.fields)


def test_null_and_missing_are_alike():
    page = read({**GOOD, "email": None, "roles": None})
    assert kept(page) == [{key: value for key, value in GOOD.items() if key != "email"}]
    assert not page.rejections


@pytest.mark.parametrize(
    ("wrong", "left", "reason"),
    [
        ({"email": 5}, {"name": GOOD["name"]}, "email is not text"),
        (
            {"name": {"first": ["Ann"], "last": "B"}},
            {"email": GOOD["email"], "name": {"last": "B"}},
            "name.first is not text",
        ),
        ({"name": "Ann B"}, {"email": GOOD["email"]}, "name is not an object"),
        ({"email": "a\0b"}, {"name": GOOD["name"]}, "email holds a character that cannot be stored"),
        ({"email": "a\ud800b"}, {"name": GOOD["name"]}, "email holds a character that cannot be stored"),
        ({"email": "a" * 321}, {"name": GOOD["name"]}, "email is longer than 320 characters"),
        (
            {"name": {"first": "\U0001f600" * 1_001, "last": "B"}},
            {"email": GOOD["email"], "name": {"last": "B"}},
            "name.first is longer than 1,000 characters",
        ),
        (
            {"roles": {"student": {"school": oid(7), "sis_id": "s" * 17_000_000}}},
            {"email": GOOD["email"], "name": GOOD["name"], "roles": {"student": {"school": oid(7)}}},
            "roles.student.sis_id is longer than 1,000 characters",
        ),
    ],
)
def test_a_wrong_field_that_only_describes_is_dropped(wrong, left, reason):
    page = read({**GOOD, **wrong}, {**GOOD, "id": oid(2)})
    assert kept(page) == [{"id": oid(1), "district": DISTRICT, **left}, {**GOOD, "id": oid(2)}]
    assert reasons(page) == [(oid(1), reason, False)]


@pytest.mark.parametrize(
    ("wrong", "clever_id", "reason"),
    [
        ({"id": 5}, None, "id is not text"),
        ({"id": None}, None, "id is missing"),
        ({"id": ""}, None, "id is missing"),
        ({"id": "a\0"}, None, "id holds a character that cannot be stored"),
        ({"district": 5}, oid(1), "district is not text"),
        ({"district": OTHER}, oid(1), "belongs to another district"),
        ({"roles": []}, oid(1), "roles is not an object"),
        ({"roles": {"student": {"school": 5}}}, oid(1), "roles.student.school is not text"),
        ({"roles": {"student": {"schools": "x"}}}, oid(1), "roles.student.schools is not a list"),
        (
            {"roles": {"student": {"schools": [5]}}},
            oid(1),
            "roles.student.schools holds something that is not text",
        ),
        ({"email": 5, "roles": 5}, oid(1), "roles is not an object"),
        ({"id": "a" * 1_001}, None, "id is longer than 1,000 characters"),
        ({"district": "a" * 1_001}, oid(1), "district is longer than 1,000 characters"),
        (
            {"roles": {"student": {"school": "5" * 1_001}}},
            oid(1),
            "roles.student.school is longer than 1,000 characters",
        ),
        (
            {"roles": {"student": {"schools": [oid(7), "5" * 1_001]}}},
            oid(1),
            "roles.student.schools holds one that is longer than 1,000 characters",
        ),
    ],
)
def test_wrong_identifying_field_rejects_the_record(wrong, clever_id, reason):
    page = read({**GOOD, **wrong}, {**GOOD, "id": oid(2)})
    assert kept(page) == [{**GOOD, "id": oid(2)}]
    assert reasons(page) == [(clever_id, reason, True)]


@pytest.mark.parametrize("students", ["x", [None], [["x"]], {}])
def test_half_a_class_is_no_class(students):
    page = read({"id": oid(1), "students": students}, resource=SECTIONS)
    assert page.rows == 0
    assert page.rejections[0].is_whole_record


@pytest.mark.parametrize("resource", [SCHOOLS, SECTIONS], ids=lambda resource: resource.name)
def test_too_long_school_or_class_name_rejects_only_its_record(resource):
    plain = {"id": oid(1), "students": []} if resource is SECTIONS else {"id": oid(1)}
    page = read(plain | {"name": "n" * 1_001}, plain | {"id": oid(2), "name": "n" * 1_000}, resource=resource)
    assert [record["id"] for record in kept(page)] == [oid(2)]
    assert reasons(page) == [(oid(1), "name is longer than 1,000 characters", True)]


@pytest.mark.parametrize("text", ["x" * 1_000, "\U0001f600" * 1_000, "\u00e9\n" * 500])
def test_a_text_of_the_longest_length_is_kept(text):
    page = read({**GOOD, "name": {"first": text}, "email": text[:320]})
    assert (kept(page)[0]["name"], kept(page)[0]["email"]) == ({"first": text}, text[:320])
    assert not page.rejections


def test_record_too_large_for_duckdb_is_rejected_alone():
    long_ids = [oid(number).rjust(1_000, "0") for number in range(17_000)]
    many = {"id": oid(1), "students": long_ids}
    page = read(many, {"id": oid(2), "students": [oid(3)]}, resource=SECTIONS)
    assert [record["id"] for record in kept(page)] == [oid(2)]
    assert reasons(page) == [(oid(1), "the record is larger than 8,388,608 bytes", True)]


def test_a_large_record_of_which_little_is_kept_is_read():
    page = read({**GOOD, "ext": {"x": "y" * 9_000_000}}, {**GOOD, "id": oid(2), "email": 5})
    assert [record["id"] for record in kept(page)] == [oid(1), oid(2)]


def test_every_kept_text_has_a_bound():
    def texts(shape):
        if isinstance(shape, inspect.StrType):
            yield shape
        for inner in (
            *getattr(shape, "types", ()),
            *(field.type for field in getattr(shape, "fields", ())),
            *([shape.item_type] if isinstance(shape, inspect.ListType) else []),
        ):
            yield from texts(inner)

    found = [text for kind in RECORD_TYPES.values() for text in texts(inspect.type_info(kind))]
    assert len(found) > 40
    assert {text.max_length for text in found} == {TEXT_MAX_CHARS, EMAIL_MAX_CHARS}


def test_what_is_no_record_is_set_aside_and_the_others_are_kept():
    content = body([GOOD]).replace(b'"data": [', b'"data": [5, null, {"data": []}, {"uri": "x"}, ', 1)
    page = PageDecoder(STUDENTS, DISTRICT).decode(content, "here")
    assert kept(page) == [GOOD]
    assert [whole for _, _, whole in reasons(page)] == [True] * 4


def test_bytes_that_are_no_utf8_cost_one_record():
    content = body([GOOD, {**GOOD, "id": oid(2), "email": "XX"}]).replace(b"XX", b"\xff\xfe")
    page = PageDecoder(STUDENTS, DISTRICT).decode(content, "here")
    assert kept(page) == [GOOD]
    assert [whole for _, _, whole in reasons(page)] == [True]


def test_odd_text_in_a_field_that_is_not_kept_costs_nothing():
    page = read({**GOOD, "phone": "\ud800"}, {**GOOD, "ext": {"x": "\0"}})
    assert page.rows == 2
    assert not page.rejections


@pytest.mark.parametrize("text", ["\\u0000", "\\\\u0000", "\U0001f600", "\u2028", "é\x01\n", "\\ud800"])
def test_odd_but_good_text_stays_as_it_is(text):
    page = read({"id": oid(1), "name": text}, resource=TERMS)
    assert [json.loads(line)["name"] for line in page.lines.split(b"\n") if line] == [text]
    assert not page.rejections


def test_no_reason_repeats_a_value():
    page = read({**GOOD, "email": ["Ann.Example"]}, {**GOOD, "id": oid(2), "district": "Ann.Example"})
    assert "Ann" not in repr(page.rejections)


def test_a_page_that_cannot_be_split_is_refused_whole():
    with pytest.raises(SourceBroken):
        PageDecoder(STUDENTS, DISTRICT).decode(body([GOOD])[:-30], "here")
