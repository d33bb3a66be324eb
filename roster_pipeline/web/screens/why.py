"""The screens of *Why isn't this child in my class?*: the search, and the answer, which begins with one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from roster_pipeline.explain.freshness import Change
from roster_pipeline.explain.verdict import ClassFacts, Question, Verdict, find_class_verdict, find_verdict
from roster_pipeline.explain.verdict_words import VerdictText, describe_verdict
from roster_pipeline.messages import product
from roster_pipeline.model.clever_id import is_clever_id
from roster_pipeline.product.tables import rosters
from roster_pipeline.web.actors import read_hiders
from roster_pipeline.web.admins import list_deciders
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import ADMINS, STAFF, Role
from roster_pipeline.web.routing import get
from roster_pipeline.web.why import (
    ask_about,
    ask_about_class,
    ask_about_nobody,
    find_account,
    find_class,
    find_people,
    make_change,
)

MOST_CLASSES = 200
"""A list of more classes is too long to choose from. A visitor gives a part of the name first."""
MISSING = "missing"
"""The choice of a class that is not in the list."""
HOPS = (
    product.mark("Your school's system"),
    product.mark("Clever"),
    product.mark("Here"),
    product.mark("Class"),
)
BREAKS = {"W2": 0, "W9": 0, "W1": 1, "W3": 1, "W5": 1, "W6": 1, "W7": 1, "W8": 1, "W10": 1, "W4": 2, "W11": 2, "W16": 2}
"""After which hop the way is broken, by verdict."""


@dataclass(frozen=True)
class Hop:
    """One station of the way of a record, and when data last came there."""

    name: str
    time: str
    is_broken_after: bool


class NotATime(ValueError):
    """The time of a change is malformed, or later than now."""


def show_question(page: Page) -> Response:
    """Show the question, the people whom it may mean, or the answer about one of them."""
    query = page.request.query_params
    question, person = query.get("q", "").replace("\0", "").strip()[:200], query.get("person", "")
    try:
        change = read_change(page)
    except NotATime:
        return show_form(page, question, has_wrong_time=True, status=400)
    if person:
        if not is_clever_id(person):
            raise HTTPException(404)
        return answer_about(page, person, change)
    if not question:
        return show_form(page, "")
    if class_name := read_class_name(page):
        classes = list_classes(page, class_name)
        if len(classes) != 1:
            return show_form(page, question)
        values = {**query, "class": classes[0].id}
        return RedirectResponse("/clever/why?" + urlencode({**values, "class_name": ""}), 303)
    search = find_people(page, question)
    if not search.people:
        return show_answer(page, ask_about_nobody(page, search.unread, change))
    if len(search.people) == 1 and search.people[0].clever_id:
        return answer_about(page, search.people[0].clever_id, change)
    return page.render("why_people.html", people=search.people, question=question, more=link_values(page))


def show_person(page: Page) -> Response:
    """Answer about an account."""
    row = find_account(page, page.number("account"))
    try:
        change = read_change(page)
    except NotATime:
        return show_form(page, "", has_wrong_time=True, status=400)
    if row.clever_id:
        return answer_about(page, row.clever_id, change)
    name = page.name_account(" ".join(part for part in (row.first_name, row.last_name) if part), row.id)
    question = ask_about_nobody(page, None, change, name=name, is_native=True)
    return show_answer(page, question)


def show_class(page: Page) -> Response:
    """Answer about a class as a whole."""
    group = find_class(page, page.number("roster"))
    if group.section is None:
        return page.render("why_native.html", group=group)
    try:
        change = read_change(page)
    except NotATime:
        return show_form(page, "", has_wrong_time=True, status=400)
    question = ask_about_class(page, group, change)
    return show_answer(page, question, find=find_class_verdict)


def answer_about(page: Page, clever_id: str, change: Change | None) -> Response:
    """Answer about a person in Clever, and about the class that the question names."""
    wanted = page.request.query_params.get("class", "")
    group = read_class(page, wanted)
    return show_answer(page, ask_about(page, clever_id, group, change, is_class_missing=wanted == MISSING))


def show_answer(page: Page, question: Question, *, find: Callable[[Question], Verdict] = find_verdict) -> Response:
    """Show the verdict, the way of the record with its break, and what is known."""
    verdict = find(question)
    return page.render(
        "why_answer.html",
        verdict=describe_answer(page, question, verdict),
        hops=describe_hops(page, question, verdict),
        question=question,
        is_running=verdict.name == "W4" and verdict.variant == "running",
        roster_id=verdict.facts.get("roster_id") if page.may("hide_class") else None,
    )


def describe_answer(page: Page, question: Question, verdict: Verdict) -> VerdictText:
    """Say the verdict. It names who hid a class and an older email where the visitor sees them elsewhere too."""
    if verdict.name == "W13" and not verdict.variant:
        group = sa.select(rosters.c.id, rosters.c.hidden_at).where(rosters.c.id == verdict.facts["roster_id"])
        if person := next(iter(read_hiders(page, page.pg.execute(group).all()).values()), None):
            verdict = replace(verdict, variant="by", facts={**verdict.facts, "person": person})
    if verdict.name == "W14" and page.viewer.role is Role.DISTRICT_ADMIN:
        verdict = replace(verdict, variant="email")
    admins = list_deciders(page.pg, shows_email=page.viewer.role in ADMINS)
    return describe_verdict(question, verdict, page.words, admins=admins)


def describe_hops(page: Page, question: Question, verdict: Verdict) -> list[Hop]:
    """Return the stations from the school's system to the class, with their times."""
    freshness = question.district.organization.freshness
    times = (None, freshness.sis_to_clever, freshness.clever_to_us, freshness.us_to_published)
    broken = BREAKS.get(verdict.name)
    return [
        Hop(page.words.text(name), page.words.at(time) if time else "", number == broken)
        for number, (name, time) in enumerate(zip(HOPS, times, strict=True))
    ]


def show_form(page: Page, question: str, *, has_wrong_time: bool = False, status: int = 200) -> Response:
    """Show the form of a question. Of many classes, the visitor gives a part of the name first, and chooses then."""
    class_name = read_class_name(page)
    classes = list_classes(page, class_name)
    return page.render(
        "why.html",
        status,
        question=question,
        classes=classes if len(classes) <= MOST_CLASSES else [],
        has_many_classes=len(classes) > MOST_CLASSES,
        class_name=class_name,
        chosen=page.request.query_params.get("class", ""),
        changed_at=page.request.query_params.get("changed_at", ""),
        has_wrong_time=has_wrong_time,
    )


def read_class_name(page: Page) -> str:
    """Return the part of the name of a class that the visitor gave, unless a class is chosen already."""
    query = page.request.query_params
    return "" if query.get("class") else query.get("class_name", "").replace("\0", "").strip()[:200]


def list_classes(page: Page, part: str) -> Sequence[sa.Row[tuple[int, str]]]:
    """Return the classes with this part in their names, in any case, one more than a list of them may have."""
    shown = sa.select(rosters.c.id, rosters.c.name).where(rosters.c.archived_at.is_(None))
    if part:
        shown = shown.where(rosters.c.name.icontains(part, autoescape=True))
    return page.pg.execute(shown.order_by(rosters.c.name, rosters.c.id).limit(MOST_CLASSES + 1)).all()


def read_class(page: Page, text: str) -> ClassFacts | None:
    """Return the class that a question names, or None if it names none."""
    if text in ("", MISSING):
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise HTTPException(404)
    return find_class(page, int(text))


def read_change(page: Page) -> Change | None:
    """Return the change of a question, whose time is one of the district's time zone.

    Raises:
        NotATime: the time is malformed, or later than now.
    """
    text = page.request.query_params.get("changed_at", "").strip()
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise NotATime from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(page.own.time_zone))
    if moment > page.now:
        raise NotATime
    return make_change(page, moment)


def link_values(page: Page) -> str:
    """Return the other values of a question, for the links to its answers."""
    values = {name: page.request.query_params.get(name, "") for name in ("class", "changed_at")}
    return urlencode({name: value for name, value in values.items() if value})


ROUTES = [
    get("/clever/why", show_question, STAFF, reads_file=True),
    get("/clever/why/class/{roster}", show_class, STAFF, reads_file=True),
    get("/clever/why/{account}", show_person, STAFF, reads_file=True),
]
