"""What the list of classes tells a Library teacher: the updates, a login that is due, and a district that connects."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from roster_pipeline.messages import product
from roster_pipeline.web.answers import describe_press
from roster_pipeline.web.library import was_moved
from roster_pipeline.web.library_merges import find_own_review
from roster_pipeline.web.library_tokens import has_token
from roster_pipeline.web.library_words import NO_ANSWER, TOO_MANY
from roster_pipeline.web.login.accounts import find_account_stop
from roster_pipeline.web.presses import Press, list_presses
from roster_pipeline.web.rights import Role
from roster_pipeline.web.visibility import set_visibility

if TYPE_CHECKING:
    from roster_pipeline.web.page import Page

UPDATE_COMES = product.mark(
    "Your district is connected to us now, and it decides which classes are here. Its next update brings your classes. "
    "Your work stays."
)
LOGINS_ONLY = product.mark(
    "Your district is connected to us now, but only for logins. Its plan has no class lists from Clever, so Clever no "
    "longer updates your classes here. Your classes and your work stay. Ask our account team for class lists."
)


@dataclass(frozen=True)
class LibraryNotes:
    """What the list of classes shows above the classes.

    Attributes:
        has_token: the next update needs no login.
        of_district: what a teacher reads whose district has connected. None for other Library teachers.
        was_of_library: the classes of a district's teacher came from Clever Library before.
        has_question: an earlier account with the teacher's email is here.
        press: the last update, if it is open, on hold or failed. `sentences` say how far it is.
    """

    has_token: bool = False
    of_district: str | None = None
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
        of_district=describe_district(page),
        has_question=find_own_review(page.pg, account_id) is not None,
    )
    if press is None or press.state == "published":
        return notes
    return replace(notes, press=press, sentences=tuple(describe_press(page.pg, press, page.words, sees_all=False)))


def describe_district(page: Page) -> str | None:
    """Return what a Library teacher reads who came through a district before its next update, or None for others.

    A district with logins only has no updates.
    """
    organization_id = page.session.organization_id
    own = {None, *(place.organization_id for place in page.viewer.places)}
    if page.viewer.role is not Role.LIBRARY_TEACHER or organization_id in own:
        return None
    assert organization_id is not None
    stop = find_account_stop(page.pg, organization_id)
    set_visibility(page.pg, page.viewer.visibility)
    return page.words.text(LOGINS_ONLY if stop == "sso_only" else UPDATE_COMES)


def may_log_in_again(refusal: str | None) -> bool:
    """Return whether a new login can help. Otherwise the teacher tries again."""
    return refusal not in (None, NO_ANSWER, TOO_MANY)
