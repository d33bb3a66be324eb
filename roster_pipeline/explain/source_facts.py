"""Reads a district file about a person or a class: the records of the last read, and the decisions about them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import duckdb

from roster_pipeline.explain.district_file import Unread
from roster_pipeline.explain.facts import Row, read_district
from roster_pipeline.messages import product

LISTS = {"person": ("teachers", "students"), "section": ("sections",)}
"""The lists of Clever that may hold a record, by the kind of a question."""
NOT_READ = Unread(product.mark("nothing of this district has been read yet"))
EARLIER_VERSION = Unread(product.mark("the file is of an earlier version, and the next sync makes a new one"))
OTHER_VERSION = Unread(product.mark("another version of this program made the file, and the next sync makes a new one"))


@dataclass(frozen=True)
class LastRead:
    """The last read of the district that came to its end.

    Attributes:
        sync_id: the sync that read it. A preview has a number that the product does not know.
        sync_uid: the unique id of the sync. Its number may belong to another sync after a database was restored.
        clever_state: Clever's word for the district, such as `running`.
        uploaded_at: when Clever last received the district's data.
        rows: how many records of each list were read.
        emptied: lists that were empty and had not been before.
        is_decided: whether the records were also checked and planned.
    """

    sync_id: int
    sync_uid: str | None
    clever_state: str
    uploaded_at: datetime | None
    rows: Mapping[str, int]
    emptied: Sequence[str]
    is_decided: bool


@dataclass(frozen=True)
class SourceFacts:
    """What the file has under one Clever id: rows of the SELECTs in `dbt_like_sql/explain/district/`.

    Attributes:
        records: the lists that hold a record, each with the time of its last change in Clever.
        faults: what was wrong with the record, when it was decoded and when it was checked.
        held: changes that are held.
        identity: what the identity rules decided of a person.
        classes: the classes that list a person.
        unshared_schools: schools of a person that the district does not share.
        members: the people whom a class lists.
        person: the name and the schools of a person in Clever.
        near_accounts: accounts whose email is nearly that of a person.
    """

    last_read: LastRead
    records: Mapping[str, str | None]
    faults: Sequence[Row]
    held: Sequence[Row] = ()
    identity: Row | None = None
    classes: Sequence[Row] = ()
    unshared_schools: Sequence[str] = ()
    members: Sequence[Row] = ()
    person: Row | None = None
    near_accounts: Sequence[Row] = ()

    @property
    def rejections(self) -> Sequence[Row]:
        """The reasons why the whole record was rejected or quarantined."""
        return tuple(fault for fault in self.faults if fault.kind != "partially read")

    @property
    def is_known(self) -> bool:
        return bool(self.records or self.faults or self.classes)


def read_source(con: duckdb.DuckDBPyConnection, kind: str, clever_id: str) -> SourceFacts | Unread:
    """Return the facts of the file about a Clever id, or the reason why there are none.

    Args:
        kind: `person` or `section`.
    """
    last_read = read_last(con)
    if isinstance(last_read, Unread):
        return last_read
    try:
        return _read_source(con, last_read, kind, clever_id)
    except (duckdb.BinderException, duckdb.CatalogException):
        return OTHER_VERSION


def read_people_with_email(con: duckdb.DuckDBPyConnection, email: str) -> Sequence[Row]:
    """Return the people who have an email in Clever."""
    return () if isinstance(read_last(con), Unread) else read_district(con, "people_with_email", email=email)


def read_people_named(con: duckdb.DuckDBPyConnection, question: str) -> Sequence[Row]:
    """Return the people in Clever whose name or email begins with the words of a question, at most 51."""
    if not question.strip() or isinstance(read_last(con), Unread):
        return ()
    return read_district(con, "people_named", question=" ".join(question.split()))


def read_last(con: duckdb.DuckDBPyConnection) -> LastRead | Unread:
    """Return the last read of the file, or why there is none."""
    try:
        (read,) = read_district(con, "last_read") or (None,)
    except duckdb.CatalogException:
        return NOT_READ
    except duckdb.BinderException:
        return EARLIER_VERSION
    if read is None:
        return NOT_READ
    try:
        lists = read_district(con, "lists_read", sync_id=read.sync_id)
    except duckdb.CatalogException:
        return EARLIER_VERSION
    return LastRead(
        **vars(read),
        rows={row.resource: row.rows for row in lists},
        emptied=[row.resource for row in lists if row.is_emptied],
        is_decided=_is_decided(con, read),
    )


def _is_decided(con: duckdb.DuckDBPyConnection, read: Row) -> bool:
    try:
        plans = read_district(con, "planned_sync")
    except duckdb.CatalogException:
        return False
    return [(plan.sync_id, plan.sync_uid) for plan in plans] == [(read.sync_id, read.sync_uid)]


def _read_source(con: duckdb.DuckDBPyConnection, last_read: LastRead, kind: str, clever_id: str) -> SourceFacts:
    of_lists = {"clever_id": clever_id, "lists": list(LISTS[kind])}
    records = {row.resource: row.last_modified for row in read_district(con, "records", **of_lists)}
    faults = read_district(con, "decode_faults", **of_lists)
    names = read_district(con, "name_of_person", clever_id=clever_id) if kind == "person" else ()
    person = next(iter(names), None)
    if not last_read.is_decided:
        return SourceFacts(last_read, records, faults, person=person)
    faults += read_district(con, "contract_faults", **of_lists)
    held = read_district(
        con,
        "held_changes",
        person_id=clever_id if kind == "person" else None,
        section_id=clever_id if kind == "section" else None,
    )
    if kind == "section":
        members = read_district(con, "members_of_section", clever_id=clever_id)
        return SourceFacts(last_read, records, faults, held, members=members)
    return SourceFacts(
        last_read,
        records,
        faults,
        held,
        identity=next(iter(read_district(con, "identity", clever_id=clever_id)), None),
        classes=read_district(con, "classes_of_person", clever_id=clever_id),
        unshared_schools=[row.school_id for row in read_district(con, "unshared_schools", clever_id=clever_id)],
        person=person,
        near_accounts=read_district(con, "near_accounts", clever_id=clever_id),
    )
