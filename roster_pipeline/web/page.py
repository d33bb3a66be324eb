"""The value that every screen gets: the request, its session, the person, the database and the words of the language.

A screen is a function that takes a `Page` and returns a response. It reads with `page.pg`, which shows only what the
person may see, and ends with `page.render` or, after an act, with `page.finish`.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

from sqlalchemy import Connection
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from roster_pipeline.messages import LocalCatalogue, product
from roster_pipeline.messages.times import DEFAULT_TIME_ZONE
from roster_pipeline.product.organizations import Organization
from roster_pipeline.web.account_names import NAMELESS
from roster_pipeline.web.audit import record_act
from roster_pipeline.web.frame import frame_values
from roster_pipeline.web.languages import preferred_language
from roster_pipeline.web.rendering import Renderer
from roster_pipeline.web.rights import Place, Viewer
from roster_pipeline.web.sessions import Session


class StaleForm(Exception):
    """The form showed a state that is no longer there. The act has written nothing.

    The answer is the screen of `path` as it is now, with status 409 and a sentence that something changed.
    """

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


@dataclass
class Page:
    """One request of a person who is logged in.

    Attributes:
        pg: the transaction of the request. It sees what the person may see, and is committed after the screen.
        organization: the organization in which the person acts. It is None for a person without a place.
        form: the fields of a POST.
        has_changed: the screen answers a stale form, so it says that something changed meanwhile.
    """

    request: Request
    renderer: Renderer
    session: Session
    viewer: Viewer
    pg: Connection
    organization: Organization | None
    now: datetime
    form: Mapping[str, str] = field(default_factory=dict)
    is_finished: bool = False
    has_changed: bool = False

    @cached_property
    def language(self) -> str:
        """Return the language of the person: the chosen one, else the first that the browser asks for and we have."""
        return self.session.language or preferred_language(self.request.headers.get("accept-language", ""))

    @cached_property
    def words(self) -> LocalCatalogue:
        """Return the sentences in the language of the person and the time zone of the organization."""
        zone = self.organization.time_zone if self.organization else DEFAULT_TIME_ZONE
        return product(self.language).local(zone, self.now)

    @property
    def place(self) -> Place:
        """Return the place in which the person acts. Screens for a role always have one."""
        if self.viewer.place is None:
            raise HTTPException(403)
        return self.viewer.place

    @property
    def own(self) -> Organization:
        """Return the organization in which the person acts. Screens for a role always have one."""
        if self.organization is None:
            raise HTTPException(403)
        return self.organization

    @property
    def sees_all(self) -> bool:
        """Return whether the person sees the whole organization."""
        return self.viewer.visibility.sees == "organization"

    @property
    def request_id(self) -> str:
        return str(self.request.state.request_id)

    def may(self, act: str) -> bool:
        """Return whether the person may do an act (`rights.ACTS`)."""
        return self.viewer.may(act)

    def require(self, act: str) -> None:
        """Check that the person may do an act.

        Raises:
            HTTPException: 403, the role of the person may not do it.
        """
        if not self.may(act):
            raise HTTPException(403)

    def name_of(self, person: Any) -> str:
        """Return the name of a person of a list, a row with `id` and `name`. The id is that of the account."""
        return self.name_account(person.name, person.id)

    def name_account(self, name: str | None, account_id: int) -> str:
        """Return the name of a person, or the number of the account if Clever shares no name of the person."""
        return name or self.words.text(NAMELESS, number=account_id)

    def number(self, name: str) -> int:
        """Return a number in the path.

        Raises:
            HTTPException: 404, as for a row that does not exist.
        """
        text = str(self.request.path_params[name])
        if not (text.isascii() and text.isdigit() and len(text) < 19 and int(text)):
            raise HTTPException(404)
        return int(text)

    def render(self, template: str, status: int = 200, **values: Any) -> Response:
        """Return a screen: the template with these values and those of the frame."""
        return HTMLResponse(self.renderer.render(template, {**frame_values(self), **values}), status)

    def finish(
        self,
        to: str,
        act: str,
        target: tuple[str, object],
        *,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
    ) -> Response:
        """End an act: write its row of the audit trail, once, and lead to the screen that shows what it did.

        Args:
            to: the path of that screen.
            act: the act, a key of `audit_trail.ACT_WORDS`.
            target: the kind of the thing and its id.
            before: the ids and flags before the act. Names and emails stay out.
            after: the ids and flags after the act.
        """
        record_act(self, to=to, act=act, target=target, before=before, after=after)
        self.is_finished = True
        return RedirectResponse(to, 303)

    def new_form_token(self) -> str:
        """Return a new value that makes two presses of one form one act."""
        return secrets.token_urlsafe(16)
