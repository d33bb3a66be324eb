"""What every person has in the frame: the language and the help."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert
from starlette.exceptions import HTTPException
from starlette.responses import Response

from roster_pipeline.product.tables import web_preferences
from roster_pipeline.web.languages import LANGUAGES
from roster_pipeline.web.login.attempt import safe_path
from roster_pipeline.web.page import Page
from roster_pipeline.web.rights import EVERYBODY
from roster_pipeline.web.routing import get, post
from roster_pipeline.web.sessions import change_session


def choose_language(page: Page) -> Response:
    """Change the language of the session, and of later sessions of the person."""
    language, account_id = page.form.get("language", ""), page.viewer.account_id
    if language not in LANGUAGES:
        raise HTTPException(400)
    change_session(page.pg, page.session.token_hash, language=language)
    if account_id is not None:
        row = insert(web_preferences).values(account_id=account_id, language=language)
        page.pg.execute(row.on_conflict_do_update(index_elements=["account_id"], set_={"language": language}))
    return page.finish(safe_path(page.form.get("next", "/")), "language", ("account", account_id))


def show_help(page: Page) -> Response:
    """Show the page that says whom to ask for help."""
    return page.render("help.html")


ROUTES = [post("/language", choose_language, EVERYBODY), get("/help", show_help, EVERYBODY)]
