"""What an erasure does with each table of the product. A table that is not listed here fails a unit test.

The order is that of the deletions: a row goes before the rows that it refers to.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Table, Text
from sqlalchemy.dialects.postgresql import ARRAY

from roster_pipeline.privacy.subject import Subject
from roster_pipeline.product import tables as t
from roster_pipeline.publish.statements import is_any

ERASED = "erased"
"""Stands for a forgotten person who decided, or whom a row about others names."""
BEFORE_NAME = r"(?:^|[^[:alnum:].!$%*+^_`{|}~'-]|(?:^|[^[:alnum:]])')"
AFTER_NAME = "(?:$|[.]?(?:$|[^[:alnum:].@_-]))"
"""The characters beside a Clever id or an email in a text. A full stop may end the sentence."""


@dataclass(frozen=True)
class TableErasure:
    """How the rows of one table are found.

    Attributes:
        accounts: the columns with the account of a person.
        clever_ids: the columns with the Clever id of a person.
        rosters: the column with the roster that goes as a whole.
        texts: the columns with free text or JSON, which are searched for Clever ids and emails. The row goes.
        masked: the columns of rows about others that may name the person among them. The row stays, without the name.
        requesters: the columns that say which account requested something, as `account:12`. The row goes.
        deciders: the columns that say which account decided. The row stays, and the column says `erased`.
        cleared: the columns with an account that become NULL. The row stays.
        parent: the column that leads to the organization, and the table that it refers to.
    """

    table: Table
    accounts: tuple[str, ...] = ()
    clever_ids: tuple[str, ...] = ()
    rosters: str | None = None
    texts: tuple[str, ...] = ()
    masked: tuple[str, ...] = ()
    requesters: tuple[str, ...] = ()
    deciders: tuple[str, ...] = ()
    cleared: tuple[str, ...] = ()
    parent: tuple[str, Table] | None = None

    def is_erased(self, subject: Subject) -> ColumnElement[bool]:
        """Return whether a row of the table belongs to the subject."""
        columns = self.table.c
        parts = [
            *(is_any(columns[name], subject.accounts) for name in self.accounts),
            *(is_any(columns[name], subject.clever_ids) for name in self.clever_ids),
            *(is_any(columns[name], _actors(subject)) for name in self.requesters),
        ]
        if self.rosters:
            parts.append(is_any(columns[self.rosters], subject.rosters))
        if subject.kind != "district":  # the rows of a district are found by the organization
            parts += [_mentions(columns[name], subject.names) for name in self.texts]
        if subject.organizations:
            parts.append(self._is_of_organization(subject.organizations))
        return sa.or_(sa.false(), *parts)

    def is_named(self, subject: Subject) -> ColumnElement[bool]:
        """Return whether a row belongs to the subject or is about others and names it."""
        columns = self.table.c
        return sa.or_(self.is_erased(subject), *(_mentions(columns[name], subject.names) for name in self.masked))

    def _is_of_organization(self, organizations: Collection[int]) -> ColumnElement[bool]:
        if self.parent is not None:
            column, parent = self.parent
            own = sa.select(parent.c.id).where(is_any(parent.c.organization_id, organizations))
            return self.table.c[column].in_(own)
        if "organization_id" in self.table.c:
            return is_any(self.table.c.organization_id, organizations)
        return is_any(self.table.c.id, organizations) if self.table is t.organizations else sa.false()

    def changed(self, subject: Subject) -> dict[str, tuple[Any, ColumnElement[bool]]]:
        """Return the new value of each column of a row that stays, and where it applies."""
        columns = self.table.c
        actors = _actors(subject)
        return {
            **{name: (ERASED, is_any(columns[name], actors)) for name in self.deciders},
            **{name: (None, is_any(columns[name], subject.accounts)) for name in self.cleared},
            **{
                name: (_mask(columns[name], subject.names), _mentions(columns[name], subject.names))
                for name in (self.masked if subject.kind != "district" else ())
            },
        }


def _actors(subject: Subject) -> list[str]:
    return [f"account:{account}" for account in subject.accounts]


def _mentions(column: ColumnElement[Any], names: Collection[str]) -> ColumnElement[bool]:
    """Return whether a text has one of the names as a whole word, or a JSON value has one in it. Case is ignored.

    A name has no other character of an email beside it, so `ann@x.example` is not in `joann@x.example`.
    """
    each = sa.func.unnest(sa.cast(sa.literal(list(names), ARRAY(Text)), ARRAY(Text))).column_valued("name")
    text, name = sa.func.lower(sa.cast(column, Text)), sa.func.lower(each)
    quoted = sa.func.regexp_replace(name, r"([^[:alnum:]])", r"\\\1", "g")
    is_whole = text.regexp_match(sa.func.concat(BEFORE_NAME, quoted, AFTER_NAME))
    return sa.exists().where(sa.func.strpos(text, name) > 0, is_whole)


def _mask(column: ColumnElement[Any], names: Collection[str]) -> ColumnElement[Any]:
    """Return a text or a JSON value in which `erased` stands for each of some names."""
    quoted = ("".join(char if char.isalnum() else f"\\{char}" for char in name) for name in names)
    is_name = f"({BEFORE_NAME})(?:{'|'.join(quoted)})(?={AFTER_NAME})"
    masked = sa.func.regexp_replace(sa.cast(column, Text), is_name, rf"\1{ERASED}", "gi")
    return sa.cast(masked, column.type)


@dataclass(frozen=True)
class JournalErasure(TableErasure):
    """How the rows of the journal are found, whose key and values are JSON."""

    def is_erased(self, subject: Subject) -> ColumnElement[bool]:
        columns = self.table.c
        numbers = [str(account) for account in subject.accounts]
        values = (columns.key, columns.before, columns.after)
        parts = [sa.and_(columns.entity == "accounts", is_any(columns.key["id"].astext, numbers))]
        parts += [is_any(value["account_id"].astext, numbers) for value in values]
        parts += [is_any(value["clever_id"].astext, subject.clever_ids) for value in values]
        rosters = [str(roster) for roster in subject.rosters]
        parts += [is_any(value["roster_id"].astext, rosters) for value in values]
        parts += [sa.and_(columns.entity == "rosters", is_any(value["id"].astext, rosters)) for value in values]
        if subject.organizations:
            parts.append(self._is_of_organization(subject.organizations))
        return sa.or_(*parts)


@dataclass(frozen=True)
class AuditErasure(TableErasure):
    """How the rows of the audit trail are found, which may be about an account or a person id."""

    def is_erased(self, subject: Subject) -> ColumnElement[bool]:
        columns = self.table.c
        is_target = is_any(columns.target_id, [str(account) for account in subject.accounts])
        is_person = is_any(columns.target_id, subject.person_ids)  # a use of `identify`
        return sa.or_(
            super().is_erased(subject),
            sa.and_(columns.target_kind == "account", is_target),
            sa.and_(columns.target_kind == "person", is_person),
        )


OF_ROSTER, OF_SCHOOL = ("roster_id", t.rosters), ("school_id", t.schools)
ACCOUNT, CLEVER_ID = ("account_id",), ("clever_id",)

TABLE_ERASURES: tuple[TableErasure, ...] = (
    TableErasure(t.roster_teachers, ACCOUNT, rosters="roster_id", parent=OF_ROSTER),
    TableErasure(t.roster_students, ACCOUNT, rosters="roster_id", parent=OF_ROSTER),
    TableErasure(t.pending_members, clever_ids=CLEVER_ID, rosters="roster_id", parent=OF_ROSTER),
    TableErasure(t.school_memberships, ACCOUNT, parent=OF_SCHOOL),
    TableErasure(t.admin_schools, ACCOUNT, deciders=("made_by",)),
    TableErasure(t.org_memberships, ACCOUNT),
    TableErasure(t.directory, ACCOUNT),
    TableErasure(t.library_classes, ACCOUNT),
    TableErasure(t.library_tokens, ACCOUNT),
    TableErasure(t.web_preferences, ACCOUNT),
    TableErasure(t.web_identities, ACCOUNT, ("subject",)),  # Clever's subject is the Clever id
    TableErasure(t.web_sessions, ACCOUNT, CLEVER_ID),
    TableErasure(t.web_codes),  # a used code names nobody, and the page deletes it after a day
    AuditErasure(t.web_audit, ACCOUNT, texts=("target_id",), masked=("before", "after")),
    TableErasure(t.corrections, texts=("args",), masked=("result", "summary"), requesters=("requested_by",)),
    TableErasure(t.refresh_requests, ("requested_by_account_id",), requesters=("requested_by",)),
    TableErasure(t.alerts),
    TableErasure(t.holds, deciders=("decided_by",)),
    TableErasure(t.reviews, ACCOUNT, CLEVER_ID, masked=("evidence", "clever_says"), deciders=("decided_by",)),
    TableErasure(t.identity_links, ACCOUNT, CLEVER_ID, deciders=("decided_by",)),
    JournalErasure(t.changes, parent=("sync_id", t.syncs)),
    TableErasure(t.syncs, cleared=ACCOUNT),
    TableErasure(t.rosters, rosters="id"),
    TableErasure(t.terms),
    TableErasure(t.courses),
    TableErasure(t.schools),
    TableErasure(t.accounts, ("id",)),
    TableErasure(t.organizations),
    TableErasure(t.erasures),  # an erasure names its subject by a digest, and the receipt stays
)
