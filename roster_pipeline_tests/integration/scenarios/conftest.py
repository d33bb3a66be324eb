"""Connected towns, accounts that people opened without Clever, and a sync that pauses at a chosen place."""

import pytest

from roster_pipeline_tests.support.accounts import ACCOUNT, MEMBER
from roster_pipeline_tests.support.changes import NO_LIMITS
from roster_pipeline_tests.support.readers import execute, published, query, row_versions
from roster_pipeline_tests.support.town import Town


@pytest.fixture
def town(connect):
    """A connected district that the test edits."""
    return connect(Town())


@pytest.fixture
def other_town(connect):
    """Another connected district."""
    return connect(Town(2))


@pytest.fixture
def publish(quick_sync, product):
    """Syncs a town and gives what the product then shows of it, once a second sync has written nothing."""

    def synced(town):
        quick_sync(town)
        before = row_versions(product)
        assert quick_sync(town).total == 0
        assert row_versions(product) == before
        return published(product, town.id)

    return synced


@pytest.fixture
def resync(town, quick_sync):
    """Syncs the town as it is now; nothing is held, unless limits are given. Gives the plan."""
    return lambda limits=NO_LIMITS: quick_sync(town, limits)


@pytest.fixture
def sign_up(product):
    """Opens an account in the product itself, as a member of a town if one is given; its id."""

    def signed_up(email, first, last, role="student", *, member_of=None, admin=False):
        key = execute(product, ACCOUNT, email=email, first=first, last=last, role=role)
        if member_of:
            execute(product, MEMBER, account=key, role=role, admin=admin, district=member_of.id)
        return key

    return signed_up


@pytest.fixture
def link(product):
    """(account id, rule) of a Clever id's live link."""

    def found(key):
        read = "select account_id, rule from roster.identity_links where clever_id = :key and unlinked_at is null"
        (row,) = query(product, read, key=key)
        return row

    return found
