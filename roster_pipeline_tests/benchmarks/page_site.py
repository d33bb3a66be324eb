"""A product with a large district, sessions of its people and the running program of the page, for measurements."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Engine

from roster_pipeline.embedded import stop_if_last
from roster_pipeline.product.database import open_product, transaction
from roster_pipeline.settings import Settings, read_settings
from roster_pipeline.web.sessions import begin_session
from roster_pipeline_tests.benchmarks.figures import NOWHERE, environment
from roster_pipeline_tests.benchmarks.page_district import analyze, fill_district
from roster_pipeline_tests.support.page_programs import PageProgram, running_page

DISTRICT = "b" * 24
MAKE_ADMIN = """
    with person as (
        insert into roster.accounts (email, first_name, last_name, role)
        values ('admin@example.org', 'Jordan', 'Lee', 'admin') returning id
    )
    insert into roster.org_memberships (organization_id, account_id, role, is_admin, admin_scope)
    select :own, id, 'admin', true, 'organization' from person returning account_id
"""
PUBLISHED = "update roster.organizations set last_read_at = now(), last_published_at = now() where id = :own"


@dataclass(frozen=True)
class MeasuredSite:
    """The product, its large district and the address and processes of the page."""

    settings: Settings
    product: Engine
    own: int
    page: PageProgram

    def value(self, query: str, **values: object) -> object:
        """Return the first value of a statement's answer."""
        with transaction(self.product) as pg:
            return pg.execute(sa.text(query), {"own": self.own, **values}).scalar()

    def make_cookie(self, account_id: int) -> str:
        """Begin the session of an account. Return the header `Cookie` of its browser."""
        with transaction(self.product) as pg:
            token = begin_session(
                pg,
                account_id=account_id,
                clever_id=None,
                organization_id=self.own,
                login_kind="clever",
                is_student=False,
                now=datetime.now(UTC),
            )
        return f"s={token}"

    def make_admin(self) -> int:
        """Make an admin of the large district. Return the account."""
        account_id = self.value(MAKE_ADMIN)
        assert isinstance(account_id, int)
        return account_id


@contextmanager
def measured_site(students: int, *, workers: int, clever: str = NOWHERE) -> Iterator[MeasuredSite]:
    """Fill a district in a server of its own, and run the page in front of it.

    Args:
        workers: the processes of the page.
        clever: the address of what stands for Clever.
    """
    with tempfile.TemporaryDirectory(prefix="roster-bench-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        os.environ |= environment(clever, Path(folder)) | {"ROSTER_WEB_SECRET": secrets.token_urlsafe(32)}
        settings = read_settings()
        product = open_product(settings)
        try:
            own = fill_district(product, DISTRICT, students)
            analyze(product)
            with transaction(product) as pg:
                pg.execute(sa.text(PUBLISHED), {"own": own})
            with running_page(settings, Path(folder), workers=workers) as page:
                yield MeasuredSite(settings, product, own, page)
        finally:
            product.dispose()
            stop_if_last(settings)
