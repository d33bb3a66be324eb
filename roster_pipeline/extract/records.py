"""The kept fields of Clever's records, nested as Clever nests them. Other fields are skipped and not decoded.

The fields are those of `model/resources.py`. These types let msgspec decode and encode a page without Python code.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from roster_pipeline.extract.envelope import Id, Text
from roster_pipeline.model.resources import EMAIL_MAX_CHARS

Email = Annotated[str, Meta(max_length=EMAIL_MAX_CHARS)]


class Record(Struct, omit_defaults=True, gc=False):
    """The fields of every record. Null means no value, so it is written as missing (docs/clever-api.md#envelope)."""

    id: Id
    district: Text | None = None


class School(Record, omit_defaults=True, gc=False):
    """A school."""

    name: Text | None = None
    sis_id: Text | None = None
    nces_id: Text | None = None
    low_grade: Text | None = None
    high_grade: Text | None = None
    last_modified: Text | None = None


class Name(Struct, omit_defaults=True, gc=False):
    """The name of a person."""

    first: Text | None = None
    last: Text | None = None


class Role(Struct, omit_defaults=True, gc=False):
    """One role of a person, with the primary school and all schools. Only students have a grade."""

    school: Text | None = None
    schools: list[Text] | None = None
    sis_id: Text | None = None
    grade: Text | None = None


class Roles(Struct, omit_defaults=True, gc=False):
    """The roles of a person. Only roles that get an account are kept (docs/rules.md R1.1)."""

    teacher: Role | None = None
    student: Role | None = None


class Person(Record, omit_defaults=True, gc=False):
    """A Clever user."""

    email: Email | None = None
    name: Name | None = None
    roles: Roles | None = None
    last_modified: Text | None = None


class Section(Record, omit_defaults=True, gc=False, kw_only=True):
    """A section. `students` is required, because Clever always gives it (docs/clever-api.md#records)."""

    name: Text | None = None
    school: Text | None = None
    subject: Text | None = None
    grade: Text | None = None
    period: Text | None = None
    teacher: Text | None = None
    term_id: Text | None = None
    course: Text | None = None
    teachers: list[Text] | None = None
    students: list[Text]
    last_modified: Text | None = None


class Term(Record, omit_defaults=True, gc=False):
    """A term. Clever gives a date in several forms (docs/clever-api.md#records)."""

    name: Text | None = None
    start_date: Text | None = None
    end_date: Text | None = None


class Course(Record, omit_defaults=True, gc=False):
    """A course."""

    name: Text | None = None
    number: Text | None = None


RECORD_TYPES: dict[str, type[Record]] = {
    "schools": School,
    "teachers": Person,
    "students": Person,
    "sections": Section,
    "terms": Term,
    "courses": Course,
}
"""The type of the records of each list, by the name of the resource."""
