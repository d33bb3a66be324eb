"""The fix list for district admins, before the first update and at any time."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from functools import partial

import sqlalchemy as sa
from starlette.exceptions import HTTPException
from starlette.responses import Response

from roster_pipeline.explain.district_file import Unread, retry_when_damaged
from roster_pipeline.explain.fault_words import describe_fault, describe_list
from roster_pipeline.explain.finding_words import describe_differences, describe_person
from roster_pipeline.messages import product
from roster_pipeline.product.connection_checklist import OPEN_FIX_LIST
from roster_pipeline.product.connections import find_refresh_stop
from roster_pipeline.product.tables import web_audit
from roster_pipeline.syncs.preview_requests import file_preview, find_last_preview
from roster_pipeline.web.answers import STOPS
from roster_pipeline.web.audit import record_act
from roster_pipeline.web.fix_list import FixList, leave_out, mark_differences, read_fix_list
from roster_pipeline.web.lists import export_list, read_id
from roster_pipeline.web.other_people import OtherPerson, list_other_people
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import DISTRICT_ADMIN
from roster_pipeline.web.routing import get, post
from roster_pipeline.web.screens.decisions import UNDO_AGE, file_decision
from roster_pipeline.web.state import state_of
from roster_pipeline.web.visibility import page_transaction

PATH = "/clever/fix"
MOST_ROWS = 200
"""The rows of one table of the screen. The CSV has all of them."""
AUDIT_EVERY = timedelta(days=1)
HAS_CHANGED = product.mark("This list has changed since. Nothing was changed. Here is the new list.")


def show_fix_list(page: Page, *, refusal: str | None = None, status: int = 200) -> Response:
    """Show what an update would do with people, and what to correct in Clever."""
    decided = list_other_people(page.pg)
    fix_list = read_list(page, decided)
    last = find_last_preview(page.pg, page.own.id)
    is_there = isinstance(fix_list, FixList)
    if is_there:
        record_look(page)
    return page.render(
        "fix.html",
        status,
        refusal=refusal,
        findings=fix_list.findings if isinstance(fix_list, FixList) else None,
        set_aside=list_set_aside(page, fix_list) if isinstance(fix_list, FixList) else [],
        near=near_matches(page, fix_list) if isinstance(fix_list, FixList) else [],
        others=list_other_findings(page, fix_list) if isinstance(fix_list, FixList) else [],
        decided=decided,
        undo_until=page.now - UNDO_AGE,
        has_counts=isinstance(fix_list, FixList) and (fix_list.is_preview or page.own.last_published_at is None),
        most=MOST_ROWS,
        is_waiting=bool(last and last.state in ("queued", "running")),
        has_failed=bool(last and last.state in ("failed", "canceled")),
        has_update=page.own.last_published_at is not None,
    )


def request_preview(page: Page) -> Response:
    """File the request for a new fix list."""
    page.require("update_district")
    if stop := find_refresh_stop(page.own):
        return show_fix_list(page, refusal=page.words.text(STOPS[stop]), status=409)
    assert page.viewer.account_id is not None
    request_id = file_preview(page.pg, page.own.id, page.viewer.account_id, page.now)
    return page.finish(PATH, "request_preview", ("request", request_id), after={"request": request_id})


def mark_other_person(page: Page) -> Response:
    """File the decision that a near match of the list is another person."""
    page.require("resolve_review")
    fix_list = read_list(page, list_other_people(page.pg))
    near = fix_list.findings.near_matches if isinstance(fix_list, FixList) else ()
    pair = page.form.get("person", ""), read_id(page.form.get("account", ""))
    if pair not in [(row["clever_id"], row["account_id"]) for row in near]:
        return show_fix_list(page, refusal=page.words.text(HAS_CHANGED), status=409)
    clever_id, account_id = pair
    args = {"person": clever_id, "account": account_id}
    return file_decision(page, "mark_different", "different", ("account", account_id), args, args)


def save_fix_list(page: Page) -> Response:
    """Return every person of the fix list as CSV, for the person who keeps the school's system."""
    fix_list = read_list(page, list_other_people(page.pg))
    if isinstance(fix_list, Unread):
        raise HTTPException(404)
    words = page.words
    headings = [words.text("First name"), words.text("Last name"), words.text("Number"), words.text("Email in Clever")]
    headings += [words.text("Email of the account here"), words.text("What is wrong"), words.text("What to do")]
    fields = ("first_name", "last_name", "sis_id", "email", "account_email", "findings", "what_to_do")
    people = (describe_person(row, words) for row in fix_list.findings.people)
    return export_list(page, "fix", headings, ([row[field] for field in fields] for row in people))


def read_list(page: Page, decided: Iterable[OtherPerson]) -> FixList | Unread:
    """Read the fix list of the district, as the visitor sees the product, without what was decided since."""
    state = state_of(page.request)

    def read() -> FixList | Unread:
        with page_transaction(state.engine, page.viewer.visibility) as pg:
            return read_fix_list(pg, state.settings.districts_folder, page.own.district_id, page.words)

    fix_list = retry_when_damaged(read)
    return leave_out(fix_list, {each.pair for each in decided}) if isinstance(fix_list, FixList) else fix_list


def near_matches(page: Page, fix_list: FixList) -> list[dict[str, object]]:
    """Return the people whose email is nearly that of an account, with both emails in marked pieces."""
    differs = partial(describe_differences, words=page.words)
    return [
        {
            "clever_id": row["clever_id"],
            "account_id": row["account_id"],
            "name": " ".join(part for part in (row["first_name"], row["last_name"]) if part),
            "emails": mark_differences(row["email"] or "", row["account_email"] or ""),
            "differs": differs(row["differs"]),
        }
        for row in fix_list.findings.near_matches[:MOST_ROWS]
    ]


def list_other_findings(page: Page, fix_list: FixList) -> list[dict[str, object]]:
    """Return the people with other findings, in words."""
    near = {row["clever_id"] for row in fix_list.findings.near_matches}
    rows = [row for row in fix_list.findings.people if row["clever_id"] not in near]
    return [describe_person(row, page.words) for row in rows[:MOST_ROWS]]


def list_set_aside(page: Page, fix_list: FixList) -> list[tuple[str, str, str]]:
    """Return the records that are set aside: the list, the Clever id, and what is wrong, in words."""
    return [
        (describe_list(row.resource, page.words), row.clever_id or "", describe_fault(row.reason, page.words))
        for row in fix_list.set_aside[:MOST_ROWS]
    ]


def record_look(page: Page) -> None:
    """Write that the admin has seen the fix list, once a day."""
    columns = web_audit.c
    own = sa.and_(columns.account_id == page.viewer.account_id, columns.act == OPEN_FIX_LIST)
    recent = sa.select(columns.id).where(own, columns.at > page.now - AUDIT_EVERY).limit(1)
    if page.pg.execute(recent).scalar() is None:
        target = ("organization", page.own.id)
        record_act(page, to=PATH, act=OPEN_FIX_LIST, target=target, before=None, after=None)


ROUTES = [
    get(PATH, show_fix_list, DISTRICT_ADMIN, reads_file=True),
    post(PATH, request_preview, DISTRICT_ADMIN, reads_file=True),
    post(f"{PATH}/different", mark_other_person, DISTRICT_ADMIN, reads_file=True),
    get(f"{PATH}.csv", save_fix_list, DISTRICT_ADMIN, reads_file=True),
]
