"""What a district's file says of a person or a class: as Clever was last read, and what was decided on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from roster_pipeline.explain.district_file import Fault, Landing, Unread, Waits, faults_of, held_for, last_landing

PEOPLE = ("teachers", "students")
SECTIONS = ("sections",)
OTHER_VERSION = Unread("another version of this program made the file, and the next sync makes it anew")
"""A column that this version reads is not there."""
NOT_PLACED = "not placed"
"""The state of a person whom a class names and who is not in it because of a finding."""
FINDINGS = {
    "teacher_is_student": "listed among the teachers, but a student in Clever, so does not teach here (R4.13)",
    "student_is_teacher": "listed among the students, but a teacher in Clever, so is not enrolled here (R4.14)",
}


@dataclass(frozen=True)
class Record:
    """What was read under one Clever id. `found` has each list that holds it, with its `last_modified`."""

    landing: Landing
    found: Mapping[str, str | None]
    faults: tuple[Fault, ...]
    held: tuple[Waits, ...]

    @property
    def refusals(self) -> tuple[Fault, ...]:
        """Why the whole record was set aside."""
        return tuple(fault for fault in self.faults if fault.kind != "dropped")

    @property
    def is_known(self) -> bool:
        return bool(self.found or self.faults)


@dataclass(frozen=True)
class Identity:
    """What the rules decided of a person; `reason` names the contradiction, if there is one."""

    role: str
    rule: str
    reason: str | None
    has_email: bool
    email_is_valid: bool


@dataclass(frozen=True)
class Named:
    """A class that names somebody. `finding`: why the person is nevertheless not in it, as in FINDINGS."""

    section_id: str
    name: str
    role: str
    is_pending: bool
    finding: str | None


@dataclass(frozen=True)
class PersonRead(Record):
    """`unshared_schools`: schools that the person belongs to and the district does not share."""

    identity: Identity | None = None
    classes: tuple[Named, ...] = ()
    unshared_schools: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        return bool(self.found or self.faults or self.classes)


@dataclass(frozen=True)
class Member:
    """Somebody whom a class names. `is_shared`: they are among the people read. `finding`: as of `Named`."""

    clever_id: str
    role: str
    is_pending: bool
    is_shared: bool
    finding: str | None


@dataclass(frozen=True)
class SectionRead(Record):
    members: tuple[Member, ...] = ()


@dataclass(frozen=True)
class Carrier:
    """Somebody who carries an address in Clever; of one that is not exact, only the case of letters differs."""

    clever_id: str
    is_exact: bool


def read_person(con: duckdb.DuckDBPyConnection, clever_id: str) -> PersonRead | Unread:
    landing = last_landing(con)
    if isinstance(landing, Unread):
        return landing
    try:
        return _person_read(con, landing, clever_id)
    except duckdb.BinderException:
        return OTHER_VERSION


def _person_read(con: duckdb.DuckDBPyConnection, landing: Landing, clever_id: str) -> PersonRead:
    record = (landing, _found(con, PEOPLE, clever_id), faults_of(con, landing, PEOPLE, clever_id))
    held = held_for(con, landing, "clever_id", clever_id)
    if not landing.is_decided:
        return PersonRead(*record, held)
    return PersonRead(
        *record, held, _identity(con, clever_id), _classes(con, clever_id), _unshared_schools(con, clever_id)
    )


def read_section(con: duckdb.DuckDBPyConnection, clever_id: str) -> SectionRead | Unread:
    landing = last_landing(con)
    if isinstance(landing, Unread):
        return landing
    try:
        return _section_read(con, landing, clever_id)
    except duckdb.BinderException:
        return OTHER_VERSION


def _section_read(con: duckdb.DuckDBPyConnection, landing: Landing, clever_id: str) -> SectionRead:
    return SectionRead(
        landing,
        _found(con, SECTIONS, clever_id),
        faults_of(con, landing, SECTIONS, clever_id),
        held_for(con, landing, "section_id", clever_id),
        _members(con, clever_id) if landing.is_decided else (),
    )


def carriers(con: duckdb.DuckDBPyConnection, email: str) -> tuple[Carrier, ...]:
    """Whoever carries an address, blanks around it left out (docs/rules.md R2.4)."""
    if isinstance(last_landing(con), Unread):
        return ()
    rows = con.execute(
        """
        with people as (
            select id, trim(email, e' \\t\\r\\n') as email from raw.teachers
            union
            select id, trim(email, e' \\t\\r\\n') from raw.students
        )
        select id, bool_or(email = $email) from people where lower(email) = lower($email) group by id order by id
        """,
        {"email": email},
    ).fetchall()
    return tuple(Carrier(*row) for row in rows)


def _found(con: duckdb.DuckDBPyConnection, lists: tuple[str, ...], clever_id: str) -> dict[str, str | None]:
    found = {}
    for name in lists:
        row = con.execute(f"select count(*), max(last_modified) from raw.{name} where id = ?", [clever_id]).fetchone()
        if row and row[0]:
            found[name] = row[1]
    return found


def _identity(con: duckdb.DuckDBPyConnection, clever_id: str) -> Identity | None:
    row = con.execute(
        "select role, rule, reason, email is not null, email_is_valid from intermediate.int_identities "
        "where clever_id = ?",
        [clever_id],
    ).fetchone()
    return Identity(*row) if row else None


def _classes(con: duckdb.DuckDBPyConnection, clever_id: str) -> tuple[Named, ...]:
    rows = con.execute(
        "select member.section_id, section.name, member.role, member.is_pending, member.finding "
        "from intermediate.int_section_members as member "
        "join staging.stg_sections as section on section.section_id = member.section_id "
        "where member.clever_id = ? order by section.name, member.section_id, member.role",
        [clever_id],
    ).fetchall()
    return tuple(Named(*row) for row in rows)


def _unshared_schools(con: duckdb.DuckDBPyConnection, clever_id: str) -> tuple[str, ...]:
    rows = con.execute(
        "select school_id from (select unnest(school_ids) as school_id from intermediate.int_identities "
        "where clever_id = ?) where school_id not in (select school_id from staging.stg_schools) order by school_id",
        [clever_id],
    ).fetchall()
    return tuple(school_id for (school_id,) in rows)


def _members(con: duckdb.DuckDBPyConnection, section_id: str) -> tuple[Member, ...]:
    rows = con.execute(
        "select clever_id, role, is_pending, clever_id in (select clever_id from intermediate.int_people), finding "
        "from intermediate.int_section_members where section_id = ? order by role desc, clever_id",
        [section_id],
    ).fetchall()
    return tuple(Member(*row) for row in rows)
