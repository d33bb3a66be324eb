"""Teachers of Clever Library for tests: their logins at the sandbox, their chosen classes, and their updates."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import httpx
import pytest

from roster_pipeline.corrections.undo import undo_sync
from roster_pipeline.library.update import LibraryRequest, run_library_update
from roster_pipeline.product.database import transaction
from roster_pipeline.settings import read_settings
from roster_pipeline.sync_context import utc_now
from roster_pipeline.syncs.holds import decide_plan
from roster_pipeline_tests.support.district import CLIENT_ID, CLIENT_SECRET, impatient_client
from roster_pipeline_tests.support.readers import execute, query

CALLBACK = "http://page.example/callback"
JOIN = """
    with own as (select roster.library_organization() as id),
    account as (
        insert into roster.accounts (role, email, imported_from_clever) values ('teacher', :email, true) returning id
    ),
    link as (
        insert into roster.identity_links (clever_id, account_id, organization_id, rule, decided_by)
        select :clever_id, account.id, own.id, 'created', 'login' from account, own
    ),
    membership as (
        insert into roster.org_memberships (organization_id, account_id, role, source)
        select own.id, account.id, 'teacher', 'clever' from account, own
    )
    select id from account
"""
CHOOSE = """
    insert into roster.library_classes (organization_id, account_id, section_id)
    values (roster.library_organization(), :account, :section)
    on conflict (account_id, section_id) do update set removed_at = null, chosen_at = now()
"""
REMOVE = "update roster.library_classes set removed_at = now() where account_id = :account and section_id = :section"


@dataclass(frozen=True)
class Teacher:
    """A Library teacher who has logged in once."""

    clever_id: str
    account_id: int


class Library:
    """The free teachers of one installation."""

    def __init__(self, product, clever):
        self.product, self.clever = product, clever

    def serve(self, town):
        """Let the people of a town log in. Their district is not connected."""
        town.connected = False
        self.clever.served.append(town)
        return town

    def join(self, clever_id, email=None):
        """Make the account of a teacher, as the first login does."""
        return Teacher(clever_id, execute(self.product, JOIN, as_sync=True, clever_id=clever_id, email=email))

    def choose(self, teacher, *sections):
        for section in sections:
            execute(self.product, CHOOSE, account=teacher.account_id, section=section)

    def remove(self, teacher, *sections):
        for section in sections:
            execute(self.product, REMOVE, account=teacher.account_id, section=section)

    def log_in(self, clever_id):
        """Return the token of a person, as Clever gives it after a login."""
        query_ = {"response_type": "code", "client_id": CLIENT_ID, "redirect_uri": CALLBACK, "user": clever_id}
        with httpx.Client(base_url=self.clever.url) as client:
            sent = client.get("/oauth/authorize", params=query_).headers["location"]
            (code,) = parse_qs(urlsplit(sent).query)["code"]
            body = {"code": code, "grant_type": "authorization_code", "redirect_uri": CALLBACK}
            return client.post("/oauth/tokens", json=body, auth=(CLIENT_ID, CLIENT_SECRET)).json()["access_token"]

    def update(self, teacher, *, token=None):
        """Update the classes of a teacher. Return the plan that was published."""
        token = token or self.log_in(teacher.clever_id)
        request = LibraryRequest(
            read_settings(), self.product, teacher.account_id, token, uuid4().hex, clever=impatient_client
        )
        return run_library_update(request)

    def approve(self, plan):
        with transaction(self.product) as pg:
            decide_plan(pg, plan.held_digest, "approved", decided_by="account:1", at=utc_now())

    def undo(self, plan):
        with transaction(self.product) as pg:
            return undo_sync(pg, plan.sync_id, utc_now())

    def classes(self, teacher):
        """Return the live classes of a teacher, each with the Clever ids of its students."""
        rows = query(
            self.product,
            """
            select r.clever_id, array_agg(l.clever_id order by l.clever_id) filter (where l.id is not null)
            from roster.roster_teachers as t
            join roster.rosters as r on r.id = t.roster_id and r.archived_at is null
            left join roster.roster_students as s on s.roster_id = r.id and s.ended_at is null
            left join roster.identity_links as l on l.account_id = s.account_id and l.unlinked_at is null
            where t.account_id = :account and t.ended_at is null group by r.clever_id
            """,
            account=teacher.account_id,
        )
        return {section: students or [] for section, students in rows}


@pytest.fixture
def library(environment, clever, product):
    return Library(product, clever)
