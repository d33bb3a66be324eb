"""Two districts with data, and statements that run as a role of the product database."""

from contextlib import contextmanager

import pytest
import sqlalchemy as sa

from roster_pipeline_tests.support.accounts import ACCOUNT, MEMBER
from roster_pipeline_tests.support.readers import execute, query

A_CLASS = "from roster.rosters as r join roster.organizations as o on o.id = organization_id where r.source = 'native'"
OF_ITS_OWN = (
    "insert into roster.rosters (organization_id, name) select id, 'Own' from roster.organizations "
    "where clever_district_id = :district",
    f"insert into roster.pending_members select r.id, r.id, 'student' {A_CLASS} and clever_district_id = :district",
    "insert into roster.reviews (organization_id, clever_id, reason) "
    f"select organization_id, r.id, 'email_shared' {A_CLASS} and clever_district_id = :district",
)


@pytest.fixture
def districts(valley, hamlet, known_sync, product):
    """Return the ids of two published districts, each with a native class, a pending member and a review."""
    for district in (valley, hamlet):
        known_sync(district)
    for district in (valley, hamlet):
        account = execute(product, ACCOUNT, email=f"{district.id}@example.org", first="A", last="B", role="teacher")
        execute(product, MEMBER, account=account, role="teacher", admin=True, district=district.id)
        for statement in OF_ITS_OWN:
            execute(product, statement, district=district.id)
    execute(product, ACCOUNT, email="nobody@example.org", first="A", last="B", role="teacher")
    numbers = dict(query(product, "select clever_district_id, id from roster.organizations"))
    return numbers[valley.id], numbers[hamlet.id]


@contextmanager
def acting_as(product, role, organization=None):
    """Open a transaction that counts as a sync for the triggers, and roll it back at the end."""
    with product.connect() as pg:
        pg.execute(sa.text("select set_config('roster.writer', 'sync', true)"))
        if organization:
            pg.execute(sa.text("select set_config('roster.organization', :own, true)"), {"own": str(organization)})
        pg.execute(sa.text(f"set local role {role}"))
        yield pg


def refusal(product, statement, role, number, **values):
    """Return the error of PostgreSQL, or an empty text if it accepts the statement."""
    with acting_as(product, role, number) as pg:
        try:
            pg.execute(sa.text(statement), values)
        except sa.exc.ProgrammingError as error:
            return str(error.orig)
    return ""
