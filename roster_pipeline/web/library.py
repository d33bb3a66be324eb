"""The sections of a Library teacher in Clever, and the classes that the teacher chose."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects.postgresql import insert

from roster_pipeline.clever import clever_access
from roster_pipeline.errors import SourceRefused, SourceUnusable, TokenRefused
from roster_pipeline.extract.client import CleverClient
from roster_pipeline.extract.library import LibrarySection, LibraryTeacher, list_library_sections
from roster_pipeline.extract.patience import FOR_SCREENS
from roster_pipeline.library.update import LOG_IN_AGAIN, NOT_SHOWN
from roster_pipeline.product.tables import identity_links, library_classes, roster_teachers, rosters, syncs
from roster_pipeline.web.library_tokens import delete_refused_token, read_token
from roster_pipeline.web.library_words import NO_ANSWER
from roster_pipeline.web.state import WebState

if TYPE_CHECKING:
    from roster_pipeline.web.page import Page

chosen = library_classes.c
PUBLISHED = ("published", "held", "undone")


@dataclass(frozen=True)
class ClassChoice:
    """A section of a teacher in Clever, and whether its class is here."""

    section_id: str
    name: str
    about: str
    students: int
    is_here: bool


@dataclass(frozen=True)
class CleverAnswer:
    """The sections of a teacher as Clever has them now, or the sentence that says why there is no answer."""

    sections: Sequence[LibrarySection] = ()
    refusal: str | None = None


def read_sections(page: Page, state: WebState, account_id: int) -> CleverAnswer:
    """Ask Clever for the sections of a teacher. A token that Clever refuses is deleted."""
    token = read_token(page.pg, state.vault, account_id, page.now)
    clever_id = page.pg.execute(
        sa.select(identity_links.c.clever_id).where(
            identity_links.c.account_id == account_id, identity_links.c.unlinked_at.is_(None)
        )
    ).scalar()
    if token is None or clever_id is None:
        return CleverAnswer(refusal=LOG_IN_AGAIN)
    try:
        with CleverClient(clever_access(state.settings), patience=FOR_SCREENS) as clever:
            return CleverAnswer(list_library_sections(clever, LibraryTeacher(clever_id, token)))
    except SourceRefused as error:
        delete_refused_token(page.pg, state.vault, account_id, token)
        return CleverAnswer(refusal=LOG_IN_AGAIN if isinstance(error, TokenRefused) else NOT_SHOWN)
    except SourceUnusable:
        return CleverAnswer(refusal=NO_ANSWER)


def list_choices(pg: Connection, account_id: int, sections: Sequence[LibrarySection]) -> list[ClassChoice]:
    """Return the sections as checkboxes. A class that a co-teacher has added is here too."""
    here = list_sections_here(pg, account_id)
    return [
        ClassChoice(
            section.section_id,
            section.name,
            " · ".join(filter(None, (section.subject, section.grade))),
            section.students,
            section.section_id in here,
        )
        for section in sections
    ]


def list_sections_here(pg: Connection, account_id: int) -> set[str]:
    """Return the Clever ids of the teacher's classes from Clever: those that the teacher chose or teaches here."""
    rows = pg.execute(sa.select(chosen.section_id, chosen.removed_at).where(chosen.account_id == account_id)).all()
    taught = (
        sa.select(rosters.c.clever_id)
        .join_from(rosters, roster_teachers, roster_teachers.c.roster_id == rosters.c.id)
        .where(rosters.c.source == "clever", rosters.c.archived_at.is_(None))
        .where(roster_teachers.c.account_id == account_id, roster_teachers.c.ended_at.is_(None))
    )
    removed = {row.section_id for row in rows if row.removed_at is not None}
    added = {row.section_id for row in rows if row.removed_at is None}
    return added | (set(pg.execute(taught).scalars()) - removed)


def choose_sections(
    pg: Connection,
    organization_id: int,
    account_id: int,
    *,
    added: Collection[str],
    removed: Collection[str],
    at: datetime,
) -> None:
    """Record which sections a teacher adds and removes. The next update of the teacher applies it."""
    for section_ids, removed_at in ((added, None), (removed, at)):
        values = {"removed_at": removed_at, **({"chosen_at": at} if removed_at is None else {})}
        for section_id in sorted(section_ids):
            key = {"organization_id": organization_id, "account_id": account_id, "section_id": section_id}
            row = insert(library_classes).values(**key, chosen_at=at, removed_at=removed_at)
            pg.execute(row.on_conflict_do_update(index_elements=["account_id", "section_id"], set_=values))


def has_chosen(pg: Connection, account_id: int) -> bool:
    """Return whether a teacher has ever added or removed a class."""
    return pg.execute(sa.select(chosen.section_id).where(chosen.account_id == account_id).limit(1)).first() is not None


def was_moved(pg: Connection, account_id: int) -> bool:
    """Return whether a district took the teacher over from Clever Library (docs/rules.md R3.13)."""
    link = identity_links.c
    moved = sa.and_(link.account_id == account_id, link.unlinked_at.is_(None), link.rule == "library")
    return pg.execute(sa.select(link.id).where(moved)).first() is not None


def find_last_update(pg: Connection, account_id: int) -> datetime | None:
    """Return when the classes of a Library teacher were last read from Clever, or None."""
    own = sa.and_(syncs.c.account_id == account_id, syncs.c.trigger == "library", syncs.c.state.in_(PUBLISHED))
    return pg.execute(sa.select(sa.func.max(syncs.c.started_at)).where(own)).scalar()
