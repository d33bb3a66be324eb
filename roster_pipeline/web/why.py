"""Find the people of a question *Why?*, and gather what is known of the person and the class.

The product is read as the visitor sees it. The district file has the people in Clever, so what is taken from it is cut
to the visitor's schools and classes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import sqlalchemy as sa
from starlette.exceptions import HTTPException

from roster_pipeline.clever import read_last_upload
from roster_pipeline.explain.district_file import Unread, open_file, retry_when_damaged
from roster_pipeline.explain.facts import Row
from roster_pipeline.explain.freshness import Change
from roster_pipeline.explain.report import Evidence, add_arrival, read_subject
from roster_pipeline.explain.source_facts import read_people_named
from roster_pipeline.explain.subject import Subject, read_district_facts
from roster_pipeline.explain.verdict import ClassFacts, Question
from roster_pipeline.extract.patience import FOR_SCREENS
from roster_pipeline.product.tables import accounts, directory, identity_links, org_memberships, rosters, schools
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import TEACHERS, Role
from roster_pipeline.web.state import state_of
from roster_pipeline.web.visibility import page_transaction

MOST_PEOPLE = 50


@dataclass(frozen=True)
class FoundPerson:
    """A person whom a question may mean. A person who is new in Clever has no account."""

    name: str
    role: str
    account_id: int | None
    clever_id: str | None


@dataclass(frozen=True)
class Search:
    """The people whom a question may mean, and why Clever's half could not be searched, if it could not."""

    people: Sequence[FoundPerson]
    unread: Unread | None


def evidence_of(page: Page, change: Change | None = None) -> Evidence:
    """Return the sources of an answer, as the visitor sees them."""
    state = state_of(page.request)
    product = partial(page_transaction, state.engine, page.viewer.visibility)
    return Evidence(product, state.settings.districts_folder, page.now, page.words, change)


def find_people(page: Page, question: str) -> Search:
    """Return the people with a name or an email, in the product and in what was last read from Clever."""
    in_clever = retry_when_damaged(partial(_read_clever, page, question))
    rows = () if isinstance(in_clever, Unread) else [row for row in in_clever if _may_see(page, row)]
    here = {row.clever_id: row for row in _find_accounts(page, question, [row.clever_id for row in rows])}
    people = [
        FoundPerson(page.name_account(_name(row), row.id), row.role, row.id, row.clever_id) for row in here.values()
    ]
    people += [FoundPerson(_name(row), row.role, None, row.clever_id) for row in rows if row.clever_id not in here]
    people.sort(key=lambda person: (person.name.lower(), person.clever_id or ""))
    return Search(people[: MOST_PEOPLE + 1], in_clever if isinstance(in_clever, Unread) else None)


def find_account(page: Page, account_id: int) -> Row:
    """Return the name and the Clever id of an account that the visitor sees.

    Raises:
        HTTPException: 404, there is no such account, or the visitor does not see it.
    """
    rows = _read_accounts(page, accounts.c.id == account_id)
    if not rows:
        raise HTTPException(404)
    return rows[0]


def ask_about(
    page: Page, clever_id: str, group: ClassFacts | None, change: Change | None, *, is_class_missing: bool = False
) -> Question:
    """Return the question about a person in Clever.

    Args:
        group: the class of the question, if it names one.
        is_class_missing: the class is none of those that are here.

    Raises:
        HTTPException: 404, the visitor's organization does not know the person, or the visitor may not ask.
    """
    evidence = evidence_of(page, change)
    subject = retry_when_damaged(lambda: read_subject(evidence, page.own, "person", clever_id))
    source = subject.source.person if subject.source else None
    account = subject.product.account
    is_seen = account is not None
    if not subject.is_known or not (is_seen or _may_see_id(page, source)):
        raise HTTPException(404)
    names = account or source
    name = _name(names) if names else ""
    return Question(
        add_arrival(subject.district, change),
        page.now,
        page.name_account(name, account.id) if account else name,
        subject,
        group,
        is_class_missing,
        is_limited=not is_seen and page.viewer.role in TEACHERS,
        unread=subject.unread,
    )


def ask_about_nobody(
    page: Page, unread: Unread | None, change: Change | None, *, name: str = "", is_native: bool = False
) -> Question:
    """Return the question about a name that nobody has in Clever.

    Args:
        unread: why what Clever shares could not be searched, if it could not.
        is_native: an account here has the name, and no Clever id.
    """
    with evidence_of(page).product() as pg:
        district = read_district_facts(pg, page.own, None)
    return Question(add_arrival(district, change), page.now, name, None, unread=unread, is_native=is_native)


def ask_about_class(page: Page, group: ClassFacts, change: Change | None) -> Question:
    """Return the question about a class as a whole, which came from Clever."""
    assert group.section
    district = add_arrival(group.section.district, change)
    return Question(district, page.now, "", None, group, unread=group.section.unread)


def find_class(page: Page, roster_id: int) -> ClassFacts:
    """Return a class that the visitor sees.

    Raises:
        HTTPException: 404, there is no such class, or the visitor does not see it.
    """
    shown = (rosters.c.id, rosters.c.name, rosters.c.hidden_at, rosters.c.clever_id)
    row = page.pg.execute(sa.select(*shown).where(rosters.c.id == roster_id)).one_or_none()
    if row is None:
        raise HTTPException(404)
    return ClassFacts(row.id, row.name, row.hidden_at, _read_section(page, row.clever_id) if row.clever_id else None)


def make_change(page: Page, made_at: datetime | None) -> Change | None:
    """Return the change of a question, if the question names the time of one."""
    settings = state_of(page.request).settings
    return Change(made_at, page.now, partial(read_last_upload, settings, patience=FOR_SCREENS)) if made_at else None


def _read_section(page: Page, clever_id: str) -> Subject:
    evidence = evidence_of(page)
    return retry_when_damaged(lambda: read_subject(evidence, page.own, "section", clever_id))


def _read_clever(page: Page, question: str) -> Sequence[Row] | Unread:
    evidence = evidence_of(page)
    with evidence.product() as pg, open_file(pg, evidence.districts_folder, page.own.district_id) as con:
        return con if isinstance(con, Unread) else read_people_named(con, question)


def _may_see(page: Page, row: Row) -> bool:
    """Return whether a person in Clever may be named to the visitor. A teacher gives the whole name of a student."""
    if page.viewer.role in TEACHERS:
        return bool(row.is_whole and row.role == "student")
    return _may_see_id(page, row)


def _may_see_id(page: Page, row: Row | None) -> bool:
    """Return whether the visitor may ask about a person in Clever by id. A school admin sees those of the schools."""
    if page.viewer.role is not Role.SCHOOL_ADMIN:
        return True
    own = set(page.pg.execute(sa.select(schools.c.clever_id)).scalars())
    return bool(row and own & set(row.school_ids))


def _find_accounts(page: Page, question: str, clever_ids: Sequence[str]) -> Sequence[Row]:
    """Return the accounts that the visitor sees with a name or an email, or linked to one of these Clever ids."""
    most = sa.cast(MOST_PEOPLE + 1, sa.BigInteger)
    calls = [
        sa.func.roster.find_people(role, question, sa.cast(None, sa.BigInteger), most)
        for role in ("student", "teacher")
    ]
    hits = [accounts.c.id.in_(sa.select(call.table_valued("account_id").c.account_id)) for call in calls]
    # The directory shows nobody who left, be it the organization or what the visitor sees.
    text = sa.func.concat_ws(" ", accounts.c.first_name, accounts.c.last_name, accounts.c.email)
    words = [text.icontains(word, autoescape=True) for word in question.split()[:10]]
    is_here = accounts.c.id.in_(sa.select(directory.c.account_id).where(directory.c.organization_id == page.own.id))
    has_left = sa.and_(~is_here, *words)
    return _read_accounts(page, sa.or_(*hits, has_left, identity_links.c.clever_id.in_(clever_ids)))


def _read_accounts(page: Page, which: sa.ColumnElement[bool]) -> list[Row]:
    """Return visible accounts with the Clever id of the link that is the newest, a live one first."""
    newest = (identity_links.c.unlinked_at.is_not(None), identity_links.c.id.desc())
    rows = page.pg.execute(
        sa.select(
            accounts.c.id,
            accounts.c.first_name,
            accounts.c.last_name,
            org_memberships.c.role,
            identity_links.c.clever_id,
        )
        .distinct(accounts.c.id)
        .join_from(accounts, org_memberships, org_memberships.c.account_id == accounts.c.id)
        .outerjoin(identity_links, identity_links.c.account_id == accounts.c.id)
        .where(org_memberships.c.role.in_(("student", "teacher")), which)
        .order_by(accounts.c.id, *newest)
        .limit(MOST_PEOPLE + 1)
    )
    return [Row(**row) for row in rows.mappings()]


def _name(row: Row) -> str:
    return " ".join(part for part in (row.first_name, row.last_name) if part)
