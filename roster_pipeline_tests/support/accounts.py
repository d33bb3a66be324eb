"""Insert accounts, links and memberships that exist before Clever is connected."""

import pytest

from roster_pipeline_tests.support.readers import execute, query

ACCOUNT = (
    "insert into roster.accounts (email, first_name, last_name, role) values (:email, :first, :last, :role) "
    "returning id"
)


MEMBER = (
    "insert into roster.org_memberships (organization_id, account_id, role, is_admin, verified_at) "
    "select id, :account, :role, :admin, '2026-01-01' from roster.organizations where clever_district_id = :district"
)


LINK = "select account_id, rule, evidence from roster.identity_links where clever_id = :key and unlinked_at is null"


def set_user(district, key, *, email, first, last):
    district.put("users", district.get("users", key) | {"email": email, "name": {"first": first, "last": last}})
    return district.get("users", key)


@pytest.fixture
def account(product):
    """Insert an account that a person opened without Clever."""

    def made(email, first="Ida", last="Moss", role="teacher", member_of=None, admin=False):
        key = execute(product, ACCOUNT, email=email, first=first, last=last, role=role)
        if member_of:
            execute(product, MEMBER, account=key, role=role, admin=admin, district=member_of.id)
        return key

    return made


def row(product, account):
    read = "select email, first_name, last_name, role, imported_from_clever from roster.accounts where id = :id"
    return query(product, read, id=account)[0]


def reasons(product, key):
    return {reason for (reason,) in query(product, "select reason from roster.reviews where clever_id = :key", key=key)}
