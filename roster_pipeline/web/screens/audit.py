"""The audit trail: who did what, when and on whom, within what a visitor may see."""

from __future__ import annotations

from starlette.responses import Response

from roster_pipeline.web.audit_trail import ACT_WORDS, PAGE_ROWS, AuditLine, list_lines
from roster_pipeline.web.lists import export_list
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import ADMINS, STAFF
from roster_pipeline.web.routing import get

PATH = "/clever/audit"


def show_audit(page: Page) -> Response:
    """List the newest acts."""
    lines, act = read_lines(page), chosen_act(page)
    return page.render(
        "audit.html",
        lines=lines[:PAGE_ROWS],
        older=lines[PAGE_ROWS - 1].id if len(lines) > PAGE_ROWS else None,
        acts={name: page.words.text(says) for name, says in ACT_WORDS.items()},
        chosen=act,
        is_admin=page.viewer.role in ADMINS,
    )


def save_audit(page: Page) -> Response:
    """Return what the screen shows as CSV."""
    words = page.words
    headings = (words.text("When"), words.text("Who"), words.text("What"), words.text("On whom"))
    lines = read_lines(page)[:PAGE_ROWS]
    return export_list(
        page, "audit", headings, [(words.at(line.at), line.who, line.what, line.on_whom) for line in lines]
    )


def read_lines(page: Page) -> list[AuditLine]:
    """Return the acts that the visitor asks for. A teacher sees the own ones."""
    text = page.request.query_params.get("before", "")
    before = int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
    own = None if page.viewer.role in ADMINS else page.viewer.account_id
    return list_lines(page.pg, page.words, own_account=own, act=chosen_act(page), before=before)


def chosen_act(page: Page) -> str:
    """Return the act by which the visitor filters, or an empty text."""
    act = page.request.query_params.get("act", "")
    return act if act in ACT_WORDS else ""


ROUTES = [get(PATH, show_audit, STAFF), get(f"{PATH}.csv", save_audit, STAFF)]
