"""The screen on which a Library teacher adds and removes classes."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.responses import Response

from roster_pipeline.errors import PressedTooOften
from roster_pipeline.syncs.library_requests import file_library_request
from roster_pipeline.web.library import CleverAnswer, choose_sections, list_choices, list_sections_here, read_sections
from roster_pipeline.web.library_notes import describe_district, may_log_in_again
from roster_pipeline.web.library_words import MAX_CLASSES, TOO_MANY
from roster_pipeline.web.page import Page, StaleForm
from roster_pipeline.web.rights import LIBRARY_TEACHER
from roster_pipeline.web.routing import get, post
from roster_pipeline.web.state import state_of

CHOSEN = "class-"
"""The beginning of the name of a checkbox. The Clever id of the section follows."""


def show_choices(page: Page) -> Response:
    """Show the sections of the teacher as Clever has them now, with a checkbox each."""
    return _show(page, read_sections(page, state_of(page.request), _account_of(page)))


def save_choices(page: Page) -> Response:
    """Add and remove classes, and file the update that applies it. Sections that the form did not show stay."""
    page.require("choose_classes")
    account_id = _account_of(page)
    answer = read_sections(page, state_of(page.request), account_id)
    if answer.refusal:
        return _show(page, answer, 409)
    shown = {section.section_id for section in answer.sections} & _split(page.form.get("seen", ""))
    wanted = {name.removeprefix(CHOSEN) for name in page.form if name.startswith(CHOSEN)} & shown
    here = list_sections_here(page.pg, account_id)
    if _split(page.form.get("seen_here", "")) & shown != here & shown:
        # Another window of the teacher, or a co-teacher, has added or removed a class since.
        raise StaleForm(page.request.url.path)
    added, removed = wanted - here, (shown & here) - wanted
    if len((here | added) - removed) > MAX_CLASSES:
        return _show(page, CleverAnswer(refusal=TOO_MANY), 409)
    choose_sections(page.pg, page.own.id, account_id, added=wanted, removed=removed, at=page.now)
    try:
        request_id = file_library_request(page.pg, account_id, at=page.now)
    except PressedTooOften:
        raise HTTPException(429) from None
    after = {"added": sorted(added), "removed": sorted(removed), "request": request_id}
    return page.finish(f"/clever/updates/{request_id}", "choose_classes", ("account", account_id), after=after)


def _show(page: Page, answer: CleverAnswer, status: int = 200) -> Response:
    if of_district := describe_district(page):
        return page.render("library.html", status, of_district=of_district, refusal=None, choices=[], may_log_in=False)
    return page.render(
        "library.html",
        status,
        of_district=None,
        refusal=page.words.text(answer.refusal, n=MAX_CLASSES) if answer.refusal else None,
        may_log_in=may_log_in_again(answer.refusal),
        choices=list_choices(page.pg, _account_of(page), answer.sections),
    )


def _split(text: str) -> set[str]:
    return set(text.split(","))


def _account_of(page: Page) -> int:
    assert page.viewer.account_id is not None
    return page.viewer.account_id


ROUTES = [get("/clever/library", show_choices, LIBRARY_TEACHER), post("/clever/library", save_choices, LIBRARY_TEACHER)]
