"""What the list of classes tells a Library teacher: the updates, a login that is due, and a district that connects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from roster_pipeline.web.answers import describe_press
from roster_pipeline.web.library import was_moved
from roster_pipeline.web.library_merges import find_own_review
from roster_pipeline.web.library_tokens import has_token
from roster_pipeline.web.library_words import NO_ANSWER
from roster_pipeline.web.presses import Press, list_presses
from roster_pipeline.web.rights import Role

if TYPE_CHECKING:
    from roster_pipeline.web.page import Page


@dataclass(frozen=True)
class LibraryNotes:
    """What the list of classes shows above the classes.

    Attributes:
        has_token: the next update needs no login.
        is_of_district: the district of the teacher has connected, and its next update brings the classes.
        was_of_library: the classes of a district's teacher came from Clever Library before.
        has_question: an earlier account with the teacher's email is here.
        press: the last update, if it is open, on hold or failed. `sentences` say how far it is.
    """

    has_token: bool = False
    is_of_district: bool = False
    was_of_library: bool = False
    has_question: bool = False
    press: Press | None = None
    sentences: tuple[str, ...] = ()


def read_notes(page: Page) -> LibraryNotes | None:
    """Return what a Library teacher, or one who was a Library teacher, reads above the classes. Otherwise None."""
    account_id = page.viewer.account_id
    if account_id is None or page.viewer.role not in (Role.TEACHER, Role.LIBRARY_TEACHER):
        return None
    if page.viewer.role is Role.TEACHER:
        return LibraryNotes(was_of_library=True) if was_moved(page.pg, account_id) else None
    press = next(iter(list_presses(page.pg, page.viewer, limit=1)), None)
    notes = LibraryNotes(
        has_token=has_token(page.pg, account_id, page.now),
        is_of_district=is_of_district(page),
        has_question=find_own_review(page.pg, account_id) is not None,
    )
    if press is None or press.state == "published":
        return notes
    return replace(notes, press=press, sentences=tuple(describe_press(page.pg, press, page.words, sees_all=False)))


def is_of_district(page: Page) -> bool:
    """Return whether the teacher came through a district that is connected now, before its next update."""
    own = {place.organization_id for place in page.viewer.places}
    return page.viewer.role is Role.LIBRARY_TEACHER and page.session.organization_id not in own


def may_log_in_again(refusal: str | None) -> bool:
    """Return whether a new login can help. If Clever only did not answer, the teacher tries again."""
    return refusal is not None and refusal != NO_ANSWER
