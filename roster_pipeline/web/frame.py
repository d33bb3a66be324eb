"""The frame of every screen: tabs, who you are, the freshness line, and the values that base.html needs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from roster_pipeline.messages import Catalogue, product
from roster_pipeline.web.languages import LANGUAGES
from roster_pipeline.web.library import find_last_update
from roster_pipeline.web.rights import ADMINS, DISTRICT_ADMIN, STAFF, Role, Viewer
from roster_pipeline.web.sessions import seconds_to_warning

if TYPE_CHECKING:
    from roster_pipeline.web.page import Page

STALE = timedelta(hours=30)
"""The age of the class lists from which the freshness line warns."""
ROLE_NAMES = {
    Role.DISTRICT_ADMIN: product.mark("District admin"),
    Role.SCHOOL_ADMIN: product.mark("School admin"),
    Role.TEACHER: product.mark("Teacher"),
    Role.LIBRARY_TEACHER: product.mark("Teacher"),
    Role.LOGIN_ONLY: product.mark("Teacher"),
    Role.STUDENT: product.mark("Student"),
}
TABS = (
    ("/clever", product.mark("Overview"), ADMINS),
    ("/clever/schools", product.mark("Schools"), ADMINS),
    ("/clever/teachers", product.mark("Teachers"), ADMINS),
    ("/clever/classes", product.mark("Classes"), STAFF),
    ("/clever/students", product.mark("Students"), ADMINS),
    ("/clever/why", product.mark("Why?"), STAFF),
    ("/clever/updates", product.mark("Updates"), STAFF),
    ("/clever/sharing", product.mark("What Clever shares"), STAFF),
    ("/clever/audit", product.mark("Audit"), STAFF),
    ("/clever/admins", product.mark("Admins"), DISTRICT_ADMIN),
)
"""The tabs: path, name, and the roles that have them. A tab without a screen is left out."""


@dataclass(frozen=True)
class Tab:
    """A tab of the header."""

    path: str
    name: str
    is_current: bool


@dataclass(frozen=True)
class Freshness:
    """The line below the header. Its kind is `good`, `wait`, `bad` or `muted`."""

    kind: str
    text: str


def frame_values(page: Page) -> dict[str, Any]:
    """Return what base.html needs for a person who is logged in."""
    return {
        "page": page,
        "words": page.words,
        "viewer": page.viewer,
        "role_name": describe_role(page.words, page.viewer),
        "role_names": {role: page.words.text(name) for role, name in ROLE_NAMES.items()},
        "languages": LANGUAGES,
        "tabs": list_tabs(page),
        "freshness": describe_freshness(page),
        "csrf": page.session.csrf,
        "warn_after": seconds_to_warning(page.viewer.role, page.now, page.now),
        "form_token": page.new_form_token(),
    }


def describe_role(words: Catalogue, viewer: Viewer) -> str:
    """Return the name of the role in which a person acts."""
    return words.text(ROLE_NAMES[viewer.role]) if viewer.role in ROLE_NAMES else ""


def list_tabs(page: Page) -> list[Tab]:
    """Return the tabs of the person's role. An admin of one school has no tab of teachers."""
    path, screens = page.request.url.path, page.request.app.state.screen_paths
    is_of_one_school = page.viewer.role is Role.SCHOOL_ADMIN and len(page.place.schools) < 2
    return [
        Tab(tab, page.words.text(name), path == tab or (tab != "/clever" and path.startswith(f"{tab}/")))
        for tab, name, roles in TABS
        if page.viewer.role in roles and tab in screens
        if not (tab == "/clever/teachers" and is_of_one_school)
    ]


def describe_freshness(page: Page) -> Freshness | None:
    """Return how old the class lists are, and whether the connection stands."""
    words, organization = page.words, page.organization
    if organization is None or page.viewer.role in (Role.STUDENT, Role.LOGIN_ONLY):
        return None
    if organization.state == "disconnected":
        return Freshness("bad", words.text("Clever is disconnected. Class lists stay as they are."))
    if organization.state == "paused":
        return Freshness("muted", words.text("Updates are paused by our account team. Class lists stay as they are."))
    last_read_at = organization.last_read_at
    if page.viewer.role is Role.LIBRARY_TEACHER and page.viewer.account_id is not None:
        # All Library teachers share one organization, and each has updates of the own classes alone.
        last_read_at = find_last_update(page.pg, page.viewer.account_id)
    if last_read_at is None:
        return Freshness("muted", words.text("Clever has not been read yet."))
    read_at = words.at(last_read_at)
    if page.now - last_read_at > STALE:
        return Freshness("wait", words.text("Clever was last read on {time}.", time=read_at))
    line = words.text("Class lists are as Clever had them {time}.", time=read_at)
    if organization.last_clever_sync_at:
        heard_at = words.at(organization.last_clever_sync_at)
        line += " " + words.text("Clever last heard from your school's system {time}.", time=heard_at)
    return Freshness("good", line)
