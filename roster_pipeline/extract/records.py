"""The kept fields of Clever's records, in Clever's own shape: what is not listed here is skipped unread.

The same list as `model/resources.py`, as types that msgspec reads and writes without Python for each record.
"""

from __future__ import annotations

from msgspec import Struct

from roster_pipeline.extract.envelope import Id


class Record(Struct, omit_defaults=True, gc=False):
    """What every record has. Null and missing are alike (clever-api.md §2), so null is written as missing."""

    id: Id
    district: str | None = None


class School(Record, omit_defaults=True, gc=False):
    name: str | None = None
    sis_id: str | None = None
    nces_id: str | None = None
    low_grade: str | None = None
    high_grade: str | None = None
    last_modified: str | None = None


class Name(Struct, omit_defaults=True, gc=False):
    first: str | None = None
    last: str | None = None


class Role(Struct, omit_defaults=True, gc=False):
    school: str | None = None
    schools: list[str] | None = None
    sis_id: str | None = None


class Roles(Struct, omit_defaults=True, gc=False):
    """A teacher may be staff too; only the roles that are provisioned are kept."""

    teacher: Role | None = None
    student: Role | None = None


class Person(Record, omit_defaults=True, gc=False):
    email: str | None = None
    name: Name | None = None
    roles: Roles | None = None
    last_modified: str | None = None


class Section(Record, omit_defaults=True, gc=False, kw_only=True):
    """`students` is never optional in Clever (clever-api.md §5): without it, nobody knows who is in the class."""

    name: str | None = None
    school: str | None = None
    subject: str | None = None
    grade: str | None = None
    period: str | None = None
    teacher: str | None = None
    term_id: str | None = None
    course: str | None = None
    teachers: list[str] | None = None
    students: list[str]
    last_modified: str | None = None


class Term(Record, omit_defaults=True, gc=False):
    name: str | None = None


class Course(Record, omit_defaults=True, gc=False):
    name: str | None = None
    number: str | None = None


KINDS: dict[str, type[Record]] = {
    "schools": School,
    "teachers": Person,
    "students": Person,
    "sections": Section,
    "terms": Term,
    "courses": Course,
}
"""By the name of the resource."""
